// Package domain is what is true of orders: what one is worth, which way it may
// go, whose it is, and that the same request twice is one order.
package domain

import (
	"fmt"
	"time"

	"shop/kit/money"
)

// Order is one purchase of one product. It is a value: its verbs return the
// order as it is afterwards.
type Order struct{ s Snapshot }

// Snapshot is everything an order is, to be read and stored. It becomes an
// Order again through Restore only.
type Snapshot struct {
	ID          OrderID // Given by the store; 0 before.
	UserID      UserID
	ProductID   ProductID
	ProductName string // Name and price as they were when the order was placed.
	Quantity    Quantity
	UnitPrice   money.Amount
	Total       money.Amount // UnitPrice × Quantity; of an adopted order what the older system said.
	Status      Status
	Reservation ReservationID
	Sequence    int64     // 1 when placed, one more with every change: the number of its latest event.
	CreatedAt   time.Time // UTC, whole microseconds, as is UpdatedAt.
	UpdatedAt   time.Time
}

// Reserved is what the catalogue sets aside for an order: pieces under a
// reservation, with the name and price the product has now.
type Reserved struct {
	ID          ReservationID
	ProductName string
	UnitPrice   money.Amount
}

// Place returns the pending order of quantity reserved pieces, or
// ErrTotalTooLarge. The store gives it its ID.
func Place(buyer UserID, product ProductID, quantity Quantity, r Reserved, now time.Time) (Order, error) {
	total, err := r.UnitPrice.Times(int64(quantity))
	if err != nil {
		return Order{}, ErrTotalTooLarge.Wrap(err)
	}
	at := instant(now)
	return Order{Snapshot{
		UserID: buyer, ProductID: product, ProductName: r.ProductName,
		Quantity: quantity, UnitPrice: r.UnitPrice, Total: total,
		Status: Pending, Reservation: r.ID, Sequence: 1, CreatedAt: at, UpdatedAt: at,
	}}, nil
}

// Restore returns the stored order s. The error is about data that no order can
// have.
func Restore(s Snapshot) (Order, error) {
	_, known := next[s.Status]
	if s.UnitPrice < 0 || s.Total < 0 || s.Quantity < 1 || !known || s.ID < 1 || s.Sequence < 1 {
		return Order{}, fmt.Errorf("stored order %d is damaged: %s × %d = %s, status %q, sequence %d",
			s.ID, s.UnitPrice, s.Quantity, s.Total, s.Status, s.Sequence)
	}
	return Order{s}, nil
}

// Snapshot returns what o is.
func (o Order) Snapshot() Snapshot { return o.s }

// OwnedBy reports whether u placed the order.
func (o Order) OwnedBy(u UserID) bool { return o.s.UserID == u }

// Stored returns o with the ID that the store gave it.
func (o Order) Stored(id OrderID) Order {
	o.s.ID = id
	return o
}

// Become returns o in status to, or ErrTransition. An order that is in that
// status already stays as it is, time and sequence included.
func (o Order) Become(to Status, now time.Time) (Order, error) {
	if o.s.Status == to {
		return o, nil
	}
	if !o.s.Status.MayBecome(to) {
		return o, ErrTransition.With("from", string(o.s.Status)).With("to", string(to))
	}
	o.s.Status = to
	return o.changed(now), nil
}

// Delete returns o as it is remembered by its last event: in the status it had.
func (o Order) Delete(now time.Time) Order { return o.changed(now) }

func (o Order) changed(now time.Time) Order {
	o.s.Sequence++
	o.s.UpdatedAt = instant(now)
	return o
}

// instant returns t as every store keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
