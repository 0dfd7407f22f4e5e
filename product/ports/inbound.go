// Package ports are the two sides of the product core: what it offers to the
// adapters that drive it, and what it needs from the adapters it drives.
package ports

import (
	"context"

	"shop/product/domain"
)

// Catalogue is what clients do with products. Errors are domain sentinels; a
// store that is away is errs.ErrUnavailable.
type Catalogue interface {
	Create(ctx context.Context, d domain.Draft) (domain.Product, error)
	// Get returns the product or domain.ErrProductNotFound.
	Get(ctx context.Context, id domain.ID) (domain.Product, error)
	List(ctx context.Context, l List) (Page, error)
	// Update returns the product as it is afterwards, or ErrProductNotFound or
	// ErrProductChanged. A change to what is there already changes nothing.
	Update(ctx context.Context, u Update) (domain.Product, error)
	// Delete removes the product whatever is reserved of it, or returns
	// ErrProductNotFound or ErrProductChanged.
	Delete(ctx context.Context, d Delete) error
}

// List asks for one page of the products that Filter selects, in the order Sort.
type List struct {
	domain.Filter
	domain.Sort
	After *domain.Cursor // Start after this place, of the same Sort; nil = at the beginning.
	Skip  int            // Products to pass over from there.
	Limit int            // At least 1.
}

// Page is what List found.
type Page struct {
	Products []domain.Product
	Next     *domain.Cursor // Where the next page starts; nil = this is the last.
	Total    int64          // Products that the filter selects, on all pages.
	Exact    bool           // false: Total was not counted any further.
}

// Update sets fields of a product, if it still has one of the versions in Match.
type Update struct {
	ID     domain.ID
	Change domain.Change
	Match  Match
}

// Delete removes a product, if it still has one of the versions in Match.
type Delete struct {
	ID    domain.ID
	Match Match
}

// Match is a precondition on a product's version.
type Match struct {
	Required bool    // false: any version will do.
	Versions []int64 // One of these, if Required.
}

// Stock is what becomes of reserved pieces. Every method may be repeated.
type Stock interface {
	// Reserve sets pieces aside. The same claim again gets the same answer.
	// ErrProductNotFound, ErrInsufficientStock, ErrReservationReleased,
	// ErrReservationMismatch.
	Reserve(ctx context.Context, c domain.Claim) (domain.Reservation, error)
	// Release gives the pieces back, once; a claim that arrives later is refused.
	// It reports whether its message had been handled before.
	Release(ctx context.Context, r Release) (repeated bool, err error)
	// Close tells that a reservation can no longer be released: its order has
	// been shipped. An unknown reservation is none to close.
	Close(ctx context.Context, id domain.ReservationID) error
	// Settle asks the order service about one batch of expired reservations and
	// reports whether there may be more. Those it got no answer for stay open and
	// are asked about again later; the error joins why.
	Settle(ctx context.Context) (more bool, err error)
	// Purge forgets one batch of reservations that nobody will ask for again and
	// reports whether there may be more.
	Purge(ctx context.Context) (more bool, err error)
}

// Release asks for a reservation's pieces to go back into stock.
type Release struct {
	Claim   domain.Claim // As it was made, for the case that it arrives later.
	Message string       // Id of the message that asks, for the inbox; "" = no message.
}
