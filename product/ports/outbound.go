package ports

import (
	"context"
	"time"

	"shop/product/domain"
)

// Products keeps the catalogue. A store that is away is errs.ErrUnavailable.
type Products interface {
	// Add stores p and returns it with the ID the store gave it, higher than any
	// before, those of removed products included.
	Add(ctx context.Context, p domain.Product) (domain.Product, error)
	// Get returns the product or domain.ErrProductNotFound.
	Get(ctx context.Context, id domain.ID) (domain.Product, error)
	// List returns up to limit products that the page asks for, in its order.
	// Limit is the caller's, so it may ask for one more than the page shows.
	List(ctx context.Context, l List, limit int) ([]domain.Product, error)
	// Count returns how many products f selects, counting no further than ceiling
	// (0 = to the end); exact is false when there are more.
	Count(ctx context.Context, f domain.Filter, ceiling int64) (n int64, exact bool, err error)
	// Update replaces the product by what change makes of it; nobody else changes
	// it in between, its stock included. change may run more than once. Its error
	// is returned as it is and nothing is stored. An equal version stores nothing.
	Update(ctx context.Context, id domain.ID, change func(domain.Product) (domain.Product, error)) (domain.Product, error)
	// Remove deletes the product if allow, which sees it, does not object, and
	// returns it as it was.
	Remove(ctx context.Context, id domain.ID, allow func(domain.Product) error) (domain.Product, error)
}

// Reservations keeps the pieces that are set aside, in one store with Products:
// each method moves stock and reservation together or not at all.
type Reservations interface {
	// Reserve takes the claim's pieces and stores the reservation, which expires
	// ttl after now. A claim whose ID is known is answered as
	// domain.Reservation.Repeats says, whatever the stock is by now.
	Reserve(ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration) (domain.Reservation, Movement, error)
	// Confirm marks an open reservation as confirmed; any other is left alone.
	Confirm(ctx context.Context, id domain.ReservationID) error
	// Release gives the pieces back and marks the reservation as released, once.
	// An unknown one is stored as released, so that its claim is refused when it
	// arrives; it gives nothing back, and neither does a removed product take. An
	// unknown one that is adopted gives the claim's pieces back, and is never purged.
	// A message is handled once. The row may be purged from purgeAt on.
	Release(ctx context.Context, r Release, now, purgeAt time.Time) (Movement, error)
	// Close confirms an open reservation; this one and a confirmed one may be
	// purged from purgeAt on. Any other is left alone.
	Close(ctx context.Context, id domain.ReservationID, purgeAt time.Time) error
	// Due returns up to limit open reservations that are due at now, the longest
	// overdue first, and postpones each as domain.Reservation.Asked says: no one
	// else is given it before then.
	Due(ctx context.Context, now time.Time, limit int) ([]domain.Reservation, error)
	// Purge deletes up to limit reservations that may be purged at now and returns
	// how many. It also forgets the messages received before seen.
	Purge(ctx context.Context, now, seen time.Time, limit int) (int, error)
}

// Movement tells which product's stock is another than a cache may have seen,
// and the version it has now. The zero Movement moved nothing.
type Movement struct {
	Product  domain.ID
	Version  int64
	Repeated bool // The message that asked had been handled before.
}

// Orders is the order service, asked over the network.
type Orders interface {
	// Settle returns what is to become of an expired reservation. The answer is
	// for good. Anything but an answer is an error, and the reservation stays.
	Settle(ctx context.Context, id domain.ReservationID) (domain.Decision, error)
}
