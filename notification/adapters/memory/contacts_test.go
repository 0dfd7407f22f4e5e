package memory_test

import (
	"testing"

	"shop/notification/adapters/contactstest"
	"shop/notification/adapters/memory"
)

func TestContacts(t *testing.T) {
	contactstest.Run(t, func(*testing.T) contactstest.Rig {
		c := &memory.Contacts{}
		return contactstest.Rig{Contacts: c, Put: c.Put, SetAway: c.SetAway}
	})
}
