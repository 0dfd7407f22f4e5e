package memory_test

import (
	"testing"

	"shop/product/adapters/memory"
	"shop/product/adapters/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Store {
		s := memory.New()
		return storetest.Store{Products: s, Reservations: s}
	})
}
