package memory

import (
	"context"
	"sync"

	"shop/kit/errs"

	"shop/product/domain"
	"shop/product/ports"
)

// Orders is an order service in the process, which decides as it is told: the
// fake of ports.Orders.
type Orders struct {
	mu     sync.Mutex
	exists map[domain.ReservationID]bool
	away   bool
	asked  int
}

var _ ports.Orders = (*Orders)(nil)

// NewOrders returns an order service that knows no order.
func NewOrders() *Orders { return &Orders{exists: map[domain.ReservationID]bool{}} }

// Place makes the order of the reservation exist.
func (o *Orders) Place(id domain.ReservationID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.exists[id] = true
}

// SetAway makes the order service unreachable, or reachable again.
func (o *Orders) SetAway(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

// Asked returns how often it was asked.
func (o *Orders) Asked() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// Settle implements ports.Orders.
func (o *Orders) Settle(_ context.Context, id domain.ReservationID) (domain.Decision, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	switch {
	case o.away:
		return "", errs.ErrUnavailable
	case o.exists[id]:
		return domain.Keep, nil
	}
	return domain.Abandoned, nil
}
