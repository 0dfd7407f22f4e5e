// Package orderstest is the contract of ports.Orders as tests. Every adapter
// runs them.
package orderstest

import (
	"testing"

	"github.com/google/uuid"

	"shop/kit/errs"

	"shop/product/domain"
	"shop/product/ports"
)

// Subject is an order service under test and how to steer it.
type Subject struct {
	ports.Orders
	Place   func(domain.ReservationID) // Makes the reservation's order exist.
	SetAway func(bool)
}

// Run holds what open returns to the contract.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Run("an order that exists keeps its reservation", func(t *testing.T) {
		s, id := open(t), domain.ReservationID(uuid.New())
		s.Place(id)
		decides(t, s, id, domain.Keep)
		decides(t, s, id, domain.Keep)
	})
	t.Run("a reservation without an order is abandoned", func(t *testing.T) {
		s, id := open(t), domain.ReservationID(uuid.New())
		decides(t, s, id, domain.Abandoned)
		decides(t, s, id, domain.Abandoned)
	})
	t.Run("away is no answer", func(t *testing.T) {
		s, id := open(t), domain.ReservationID(uuid.New())
		s.SetAway(true)
		if d, err := s.Settle(t.Context(), id); errs.KindOf(err) != errs.Unavailable || d != "" {
			t.Errorf("got %q, %v", d, err)
		}
		s.SetAway(false)
		decides(t, s, id, domain.Abandoned)
	})
}

func decides(t *testing.T, s Subject, id domain.ReservationID, want domain.Decision) {
	t.Helper()
	if got, err := s.Settle(t.Context(), id); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
