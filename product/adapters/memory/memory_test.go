package memory_test

import (
	"testing"

	"shop/product/adapters/memory"
	"shop/product/adapters/orderstest"
	"shop/product/adapters/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Store {
		s := memory.New()
		return storetest.Store{Products: s, Reservations: s}
	})
}

func TestOrders(t *testing.T) {
	orderstest.Run(t, func(*testing.T) orderstest.Subject {
		o := memory.NewOrders()
		return orderstest.Subject{Orders: o, Place: o.Place, SetAway: o.SetAway}
	})
}
