package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"shop/kit/errs"
	"shop/order/domain"
	"shop/order/ports"
)

const (
	// maxReservations is how many reservations one request tries. Another is
	// needed only if one was settled as abandoned between Reserve and Add.
	maxReservations = 3

	// farewell bounds what a request still has to tell the store after its own
	// deadline has passed.
	farewell = 2 * time.Second
)

func (s *Service) Place(ctx context.Context, buyer domain.UserID, p ports.PlaceOrder) (ports.Placed, error) {
	if p.Key == "" {
		o, err := s.order(ctx, buyer, p, s.newReservation(), nil)
		return ports.Placed{Order: o}, err
	}
	for {
		placed, err := s.placeOnce(ctx, buyer, p)
		if !errors.Is(err, ports.ErrSuperseded) {
			return placed, err
		}
		// Somebody took us for dead. They have answered by now or are about to: what
		// we stored of ours was nothing, so presenting the key again tells.
	}
}

// placeOnce presents the key and answers with its outcome or carries it out.
func (s *Service) placeOnce(ctx context.Context, buyer domain.UserID, p ports.PlaceOrder) (ports.Placed, error) {
	attempt, outcome, err := s.keys.Present(ctx, ports.Presentation{
		User: buyer, Key: p.Key, Request: fingerprint(p), Reservation: s.newReservation(), At: s.now(),
	})
	switch {
	case err != nil:
		return ports.Placed{}, fmt.Errorf("present idempotency key: %w", err)
	case outcome != nil && outcome.Refusal != nil:
		return ports.Placed{}, &ports.Replay{Refusal: outcome.Refusal, TraceID: outcome.TraceID}
	case outcome != nil:
		return ports.Placed{Order: *outcome.Order, Replayed: true}, nil
	}
	o, err := s.order(ctx, buyer, p, attempt.Reservation, &attempt)
	if err == nil {
		return ports.Placed{Order: o}, nil
	}
	return ports.Placed{}, s.conclude(ctx, attempt, err)
}

// conclude ends an attempt that made no order and returns the error to answer
// with. A refusal is the key's outcome: it is answered only once it is stored,
// or a repeated request could be answered otherwise.
func (s *Service) conclude(ctx context.Context, a ports.Attempt, err error) error {
	if errors.Is(err, ports.ErrSuperseded) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if refusal := errs.Of(err); refusal.Kind == errs.Refused {
		if failed := s.keys.Refuse(ctx, a, refusal); failed != nil {
			return fmt.Errorf("store refusal %q: %w", refusal.Code, failed)
		}
		return err
	}
	if failed := s.keys.GiveUp(ctx, a); failed != nil {
		// The lease will end by itself; what went wrong before is the answer.
		return fmt.Errorf("%w (and give up the idempotency key: %v)", err, failed) //nolint:errorlint // One error decides the answer.
	}
	return err
}

// order reserves and stores one order, with another reservation when the first
// was abandoned meanwhile. A reservation that no order was stored for is left to
// be settled.
func (s *Service) order(
	ctx context.Context, buyer domain.UserID, p ports.PlaceOrder, r domain.ReservationID, a *ports.Attempt,
) (domain.Order, error) {
	for try := 1; ; try++ {
		o, err := s.reserveAndAdd(ctx, buyer, p, r, a)
		if !errors.Is(err, domain.ErrReservationGone) || try == maxReservations {
			return o, err
		}
		r = s.newReservation()
		if a == nil {
			continue
		}
		renewed, err := s.keys.Renew(ctx, *a, r, s.now())
		if err != nil {
			return domain.Order{}, fmt.Errorf("renew idempotency key: %w", err)
		}
		*a = renewed
	}
}

func (s *Service) reserveAndAdd(
	ctx context.Context, buyer domain.UserID, p ports.PlaceOrder, r domain.ReservationID, a *ports.Attempt,
) (domain.Order, error) {
	reserved, err := s.catalogue.Reserve(ctx, r, p.Product, p.Quantity)
	if err != nil {
		return domain.Order{}, fmt.Errorf("reserve %d of product %d: %w", p.Quantity, p.Product, err)
	}
	o, err := domain.Place(buyer, p.Product, p.Quantity, reserved, s.now())
	if err != nil {
		return domain.Order{}, err
	}
	o, err = s.orders.Add(ctx, o, created, a)
	if err != nil {
		return domain.Order{}, fmt.Errorf("store order: %w", err)
	}
	return o, nil
}

func (s *Service) newReservation() domain.ReservationID { return domain.ReservationID(s.newID()) }

// fingerprint is of what was understood, so spaces, key order and unknown
// fields of the body make no difference.
func fingerprint(p ports.PlaceOrder) domain.Fingerprint {
	return sha256.Sum256(fmt.Appendf(nil, "POST /orders product_id=%d quantity=%d", p.Product, p.Quantity))
}
