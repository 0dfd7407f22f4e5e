// Package bus hears of orders: a cancelled or deleted one gives its pieces back,
// a shipped one never will.
package bus

import (
	"context"

	"shop/kit/event"
	"shop/kit/event/observe"

	"shop/product/domain"
	"shop/product/ports"
)

const (
	// Queue is where the events of orders wait that concern the stock.
	Queue = "product_stock"
	// Prefetch bounds the events that are handled at a time.
	Prefetch = 100
)

// The events that come, and the states of orders that matter.
const (
	statusChanged = "order.status_changed"
	deleted       = "order.deleted"

	pending   = "pending"
	confirmed = "confirmed"
	shipped   = "shipped"
	delivered = "delivered"
	cancelled = "cancelled"
)

// Topology is every queue of the system, as each of its services declares it.
func Topology() event.Topology {
	return event.Topology{
		Exchange: "order_events",
		Queues: []event.Queue{
			{Name: "order_notifications", Types: []string{"order.created", statusChanged}},
			{Name: Queue, Types: []string{statusChanged, deleted}},
		},
	}
}

// order is what the stock needs to know of an order.
type order struct {
	ReservationID string `json:"reservation_id"`
	ProductID     int64  `json:"product_id"`
	Quantity      int64  `json:"quantity"`
	Status        string `json:"status"`
}

// Handler returns the handler of the queue.
func Handler(stock ports.Stock) event.Handler {
	s := subscriber{stock}
	return event.Mux(
		event.On(statusChanged, s.statusChanged),
		event.On(deleted, s.deleted),
	)
}

type subscriber struct{ stock ports.Stock }

func (s subscriber) statusChanged(ctx context.Context, d event.Delivery, o order) error {
	switch o.Status {
	case cancelled:
		return s.release(ctx, d, o)
	case shipped, delivered:
		return s.close(ctx, d, o)
	}
	return nil
}

// deleted: Status is the one before the deletion. A cancelled order has given
// its pieces back already.
func (s subscriber) deleted(ctx context.Context, d event.Delivery, o order) error {
	switch o.Status {
	case pending, confirmed:
		return s.release(ctx, d, o)
	case shipped, delivered:
		return s.close(ctx, d, o)
	}
	return nil
}

func (s subscriber) release(ctx context.Context, d event.Delivery, o order) error {
	claim, err := o.claim()
	if err != nil {
		return broken(d, err)
	}
	repeated, err := s.stock.Release(ctx, ports.Release{Claim: claim, Message: d.ID})
	if repeated {
		observe.Duplicate(ctx)
	}
	return err
}

func (s subscriber) close(ctx context.Context, d event.Delivery, o order) error {
	claim, err := o.claim()
	if err != nil {
		return broken(d, err)
	}
	return s.stock.Close(ctx, claim.ID)
}

// claim returns the claim that the order was placed with.
func (o order) claim() (c domain.Claim, err error) {
	if c.ID, err = domain.NewReservationID(o.ReservationID); err != nil {
		return c, err
	}
	if c.Product, err = domain.NewID(o.ProductID); err != nil {
		return c, err
	}
	c.Quantity, err = domain.NewPieces(o.Quantity)
	return c, err
}

// broken says that the event can never be handled.
func broken(d event.Delivery, why error) error {
	return event.ErrPayload.With("type", d.Type).Wrap(why)
}
