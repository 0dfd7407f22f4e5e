package domain

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// ReservationID is chosen by the order service, so that a repeated request is
// the same reservation.
type ReservationID uuid.UUID

// NewReservationID reads a UUID in its 36-character form or returns the
// *errs.Rule that s breaks.
func NewReservationID(s string) (ReservationID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 { // Parse also takes braces, urn: and bare digits.
		return ReservationID{}, errNotUUID
	}
	return ReservationID(id), nil
}

// adopted is how the ids of orders begin that an older system has taken; the
// order service writes the number of the order behind it.
const adopted = "01d00000-0000-8000-8000-"

// Adopted reports whether the pieces were taken by the older system that this one
// took over: nobody has ever claimed the reservation here, and they are to be
// given back all the same.
func (id ReservationID) Adopted() bool { return strings.HasPrefix(id.String(), adopted) }

func (id ReservationID) String() string { return uuid.UUID(id).String() }

// State is where a reservation stands.
type State string

// An open reservation is confirmed when its order is known to exist, and
// released when its pieces went back into stock, which is for good.
const (
	Open      State = "open"
	Confirmed State = "confirmed"
	Released  State = "released"
)

// Claim asks for n pieces of a product to be set aside.
type Claim struct {
	ID       ReservationID
	Product  ID
	Quantity Quantity
}

// Reservation is a number of pieces set aside for one order, with the name and
// price the product had then: a repeated claim gets the same answer.
type Reservation struct {
	Claim
	ProductName Name
	UnitPrice   Price
	State       State
	CreatedAt   time.Time
	ExpiresAt   time.Time // From then on an open reservation is settled.
	DueAt       time.Time // When to ask the order service next.
	Attempts    int       // How often it was asked.
}

// Reserve returns the open reservation that c makes of p, whose pieces have
// been taken. It expires ttl after now.
func Reserve(c Claim, p Product, now time.Time, ttl time.Duration) Reservation {
	at, expires := instant(now), instant(now.Add(ttl))
	return Reservation{
		Claim: c, ProductName: p.Name, UnitPrice: p.Price,
		State: Open, CreatedAt: at, ExpiresAt: expires, DueAt: expires,
	}
}

// Tombstone returns the released reservation that stands for a release whose
// claim has not arrived yet, so that it never takes effect.
func Tombstone(c Claim, now time.Time) Reservation {
	at := instant(now)
	return Reservation{Claim: c, State: Released, CreatedAt: at, ExpiresAt: at, DueAt: at}
}

// Repeats tells whether c may be answered with r once more: nil,
// ErrReservationReleased or, for other content, ErrReservationMismatch.
func (r Reservation) Repeats(c Claim) error {
	switch {
	case r.State == Released:
		return ErrReservationReleased
	case r.Claim != c:
		return ErrReservationMismatch
	}
	return nil
}

const (
	firstSettleDelay = 5 * time.Second
	maxSettleDelay   = 5 * time.Minute
)

// Asked returns r after one more attempt to settle it at now: due again after a
// delay that doubles, so that an order service that is away is not hammered and
// a crash in between costs one delay.
func (r Reservation) Asked(now time.Time) Reservation {
	delay := min(firstSettleDelay<<min(r.Attempts, 10), maxSettleDelay)
	r.Attempts++
	r.DueAt = instant(now.Add(delay))
	return r
}

// Decision is the order service's word on an open reservation.
type Decision string

// Keep: the order exists. Abandoned: it does not and never will.
const (
	Keep      Decision = "keep"
	Abandoned Decision = "abandoned"
)
