package memory_test

import (
	"testing"

	"shop/notification/adapters/memory"
	"shop/notification/adapters/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Store { return &memory.Store{} })
}
