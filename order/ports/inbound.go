// Package ports are the two sides of the order core: what it offers to the
// adapters that drive it, and what it needs from the adapters it drives.
package ports

import (
	"context"
	"time"

	"shop/kit/errs"
	"shop/order/domain"
)

// Service is what buyers do with orders. An order of somebody else is forbidden
// before anything is said about its state; a store that is away is
// errs.ErrUnavailable.
type Service interface {
	// Place takes the pieces out of stock and stores the order. It returns
	// domain.ErrProductNotFound or ErrInsufficientStock, ErrTotalTooLarge,
	// ErrCatalogueUnavailable or ErrReservationGone; with a key also ErrKeyReused,
	// ErrKeyInUse and, in place of the first two when it repeats one, *Replay.
	Place(ctx context.Context, buyer domain.UserID, p PlaceOrder) (Placed, error)
	// Get returns the order, or domain.ErrOrderNotFound or ErrViewForbidden.
	Get(ctx context.Context, reader domain.UserID, id domain.OrderID) (domain.Order, error)
	// List returns one page of the owner's orders, newest first.
	List(ctx context.Context, owner domain.UserID, l List) (Page, error)
	// ChangeStatus returns the order as it is afterwards, or
	// domain.ErrOrderNotFound, ErrUpdateForbidden or ErrTransition.
	ChangeStatus(ctx context.Context, owner domain.UserID, c ChangeStatus) (domain.Order, error)
	// Delete removes the order, or returns domain.ErrOrderNotFound or
	// ErrDeleteForbidden.
	Delete(ctx context.Context, owner domain.UserID, id domain.OrderID) error
}

// Settlement answers the product service's questions.
type Settlement interface {
	// Settle decides about a reservation whose time is over. The same question
	// gets the same answer, for good: no order is stored under a reservation that
	// was abandoned, and one that was ordered is kept although its order was
	// deleted since.
	Settle(ctx context.Context, id domain.ReservationID) (domain.Decision, error)
}

// Inspection answers the operator's questions.
type Inspection interface {
	// Inspect returns all that is known of an order, or domain.ErrOrderNotFound if
	// there never was one.
	Inspect(ctx context.Context, id domain.OrderID) (Dossier, error)
}

// PlaceOrder asks for an order.
type PlaceOrder struct {
	Product  domain.ProductID
	Quantity domain.Quantity
	Key      domain.IdempotencyKey // "" = none.
}

// Placed is the answer to PlaceOrder.
type Placed struct {
	Order    domain.Order // As it was when it was placed.
	Replayed bool         // It answered an earlier request with the same key.
}

// Replay is a refusal that answered an earlier request with the same key.
type Replay struct {
	Refusal *errs.Error
	TraceID string // Of that request.
}

func (r *Replay) Error() string { return "replayed: " + r.Refusal.Error() }

// Unwrap returns the refusal, which says how the request is answered.
func (r *Replay) Unwrap() error { return r.Refusal }

// ChangeStatus asks for an order to go to a status.
type ChangeStatus struct {
	ID domain.OrderID
	To domain.Status
}

// List asks for one page of orders.
type List struct {
	Status *domain.Status // nil = all.
	Skip   int            // Orders to pass over, the newest first.
	Limit  int            // At least 1.
}

// Page is what List found.
type Page struct {
	Orders []domain.Order
	Total  int64 // Orders on all pages.
	Exact  bool  // false: Total was not counted any further.
	Next   int   // Orders to skip for the next page; 0 = this is the last.
}

// Dossier is what is remembered of an order, also after it was deleted.
type Dossier struct {
	Order       *domain.Order // nil = deleted.
	Reservation domain.ReservationID
	History     []Step // Oldest first.
	Events      []Sent // In their sequence.
}

// Step is one change of an order.
type Step struct {
	Status  string // A domain.Status, or "deleted".
	At      time.Time
	TraceID string // Of the request that made it.
}

// Sent is one event of an order.
type Sent struct {
	ID         string
	Type       string
	Sequence   int64
	OccurredAt time.Time
	SentAt     *time.Time // nil = still in the outbox.
	TraceID    string
}
