package memory_test

import (
	"testing"

	"shop/order/adapters/cataloguetest"
	"shop/order/adapters/idempotencytest"
	"shop/order/adapters/memory"
	"shop/order/adapters/orderstest"
	"shop/order/ports"
)

func TestOrders(t *testing.T) {
	orderstest.Run(t, func(*testing.T) (ports.Orders, ports.Idempotency) {
		s := memory.New()
		return s, s
	})
}

func TestIdempotency(t *testing.T) {
	idempotencytest.Run(t, func(*testing.T) ports.Idempotency { return memory.New() })
}

func TestCatalogue(t *testing.T) {
	cataloguetest.Run(t, func(_ *testing.T, behind *memory.Catalogue) ports.Catalogue { return behind })
}
