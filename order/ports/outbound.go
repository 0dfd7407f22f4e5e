package ports

import (
	"context"
	"errors"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/order/domain"
)

// Errors between the core and its stores; no client sees them.
var (
	// ErrStale says that an order has changed since it was read.
	ErrStale = errors.New("order has changed since it was read")
	// ErrSuperseded says that another attempt has taken over an idempotency key.
	ErrSuperseded = errors.New("idempotency key was taken over by another attempt")
)

// Deleted is the Step of an order that was removed.
const Deleted = "deleted"

// Announce makes the event that goes with a change from the order as it is
// stored; only the store knows a new order's id. It may run more than once.
type Announce func(stored domain.Order) (event.Event, error)

// Orders keeps orders. Each method that changes one stores the order, the step
// of its history and its event together or not at all; the event is published
// after that, at least once, in the sequence of its order. A store that is away
// is errs.ErrUnavailable.
type Orders interface {
	// Add stores a new order and returns it with the ID the store gave it, higher
	// than any before, those of removed orders included. It returns
	// domain.ErrReservationGone if the order's reservation was settled as
	// abandoned or belongs to another order. With an attempt the order also becomes
	// the outcome of its key, or ErrSuperseded and nothing is stored.
	Add(ctx context.Context, o domain.Order, announce Announce, a *Attempt) (domain.Order, error)
	// Get returns the order or domain.ErrOrderNotFound.
	Get(ctx context.Context, id domain.OrderID) (domain.Order, error)
	// List returns one page of owner's orders, newest first, without Next. Their
	// number is exact without a status, with one up to ceiling.
	List(ctx context.Context, owner domain.UserID, l List, ceiling int64) (Page, error)
	// Update stores o, one change further than what is stored, else ErrStale.
	Update(ctx context.Context, o domain.Order, announce Announce) error
	// Remove deletes the order of which o is one change further, else ErrStale.
	Remove(ctx context.Context, o domain.Order, announce Announce) error
	// Settle decides about a reservation as Settlement says: at most one of an Add
	// and an abandonment ever takes place.
	Settle(ctx context.Context, id domain.ReservationID, now time.Time) (domain.Decision, error)
	// Dossier returns what is remembered of an order, or domain.ErrOrderNotFound.
	Dossier(ctx context.Context, id domain.OrderID) (Dossier, error)
}

// Presentation is a request that presents an idempotency key.
type Presentation struct {
	User        domain.UserID
	Key         domain.IdempotencyKey
	Request     domain.Fingerprint
	Reservation domain.ReservationID // For a key that stands for nothing yet.
	At          time.Time
}

// Attempt is the right to carry out the request of a key.
type Attempt struct {
	User        domain.UserID
	Key         domain.IdempotencyKey
	Number      int64
	Reservation domain.ReservationID
}

// Idempotency remembers what keys stand for, in one store with Orders. Every
// method is committed when it returns.
type Idempotency interface {
	// Present decides as domain.KeyRecord says, one request at a time: either an
	// attempt or an outcome, or domain.ErrKeyReused or ErrKeyInUse.
	Present(ctx context.Context, p Presentation) (Attempt, *domain.Outcome, error)
	// Renew gives the attempt another reservation and a whole lease from now on,
	// or returns ErrSuperseded.
	Renew(ctx context.Context, a Attempt, r domain.ReservationID, now time.Time) (Attempt, error)
	// Refuse makes refusal the outcome of the key, or returns ErrSuperseded.
	Refuse(ctx context.Context, a Attempt, refusal *errs.Error) error
	// GiveUp ends the attempt without an outcome: the next request with the key
	// need not wait for the lease. A superseded attempt has nothing to give up.
	GiveUp(ctx context.Context, a Attempt) error
	// Purge forgets up to limit keys that were presented first before then, and
	// returns how many it forgot.
	Purge(ctx context.Context, before time.Time, limit int) (int, error)
}

// Catalogue is the product service, asked over the network.
type Catalogue interface {
	// Reserve takes pieces out of stock under id; the same id again is the same
	// reservation. It returns domain.ErrProductNotFound (id), ErrInsufficientStock
	// (available, requested), ErrReservationGone if id was released already, and
	// ErrCatalogueUnavailable when there was no usable answer, in which case the
	// pieces may or may not be reserved.
	Reserve(ctx context.Context, id domain.ReservationID, p domain.ProductID, q domain.Quantity) (domain.Reserved, error)
}
