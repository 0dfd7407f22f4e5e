package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"shop/product/domain"
	"shop/product/ports"
)

const (
	settleBatch       = 64 // reservations asked about in one go
	settleConcurrency = 8  // of them at a time
	purgeBatch        = 500

	// retention is how long a reservation that is done with is remembered. Orders
	// repeat a claim for a day at most (their idempotency keys live that long); a
	// claim that came even later would be opened, found abandoned and released.
	retention = 30 * 24 * time.Hour
)

// Stock implements ports.Stock over a store of reservations and the order
// service.
type Stock struct {
	reservations ports.Reservations
	orders       ports.Orders
	now          func() time.Time
	ttl          time.Duration
}

var _ ports.Stock = (*Stock)(nil)

// NewStock returns the stock whose open reservations are settled once they are
// ttl old.
func NewStock(reservations ports.Reservations, orders ports.Orders, now func() time.Time, ttl time.Duration) *Stock {
	return &Stock{reservations, orders, now, ttl}
}

func (s *Stock) Reserve(ctx context.Context, c domain.Claim) (domain.Reservation, error) {
	r, _, err := s.reservations.Reserve(ctx, c, s.now(), s.ttl)
	return r, err
}

func (s *Stock) Release(ctx context.Context, r ports.Release) (repeated bool, err error) {
	now := s.now()
	moved, err := s.reservations.Release(ctx, r, now, now.Add(retention))
	return moved.Repeated, err
}

// Close lets a shipped order's reservation be forgotten after a while. All
// others are kept: their orders may be cancelled months from now.
func (s *Stock) Close(ctx context.Context, id domain.ReservationID) error {
	return s.reservations.Close(ctx, id, s.now().Add(retention))
}

func (s *Stock) Settle(ctx context.Context) (more bool, err error) {
	due, err := s.reservations.Due(ctx, s.now(), settleBatch)
	if err != nil {
		return false, fmt.Errorf("read expired reservations: %w", err)
	}
	failed := make([]error, len(due))
	slots := make(chan struct{}, settleConcurrency)
	var running sync.WaitGroup
	for i, r := range due {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			if err := s.settle(ctx, r); err != nil {
				failed[i] = fmt.Errorf("settle reservation %s: %w", r.ID, err)
			}
		})
	}
	running.Wait()
	return len(due) == settleBatch, summary(failed)
}

// summary says how many settlements failed and why one of them did: they fail
// together, when the order service is away.
func summary(failed []error) error {
	failed = slices.DeleteFunc(failed, func(err error) bool { return err == nil })
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d expired reservations stay open: %w", len(failed), failed[0])
}

// settle does what order decides. No transaction is held while it is asked.
func (s *Stock) settle(ctx context.Context, r domain.Reservation) error {
	decision, err := s.orders.Settle(ctx, r.ID)
	switch {
	case err != nil:
		return err
	case decision == domain.Keep:
		return s.reservations.Confirm(ctx, r.ID)
	case decision == domain.Abandoned:
		_, err := s.Release(ctx, ports.Release{Claim: r.Claim})
		return err
	default:
		return fmt.Errorf("unknown decision %q", decision)
	}
}

func (s *Stock) Purge(ctx context.Context) (more bool, err error) {
	now := s.now()
	n, err := s.reservations.Purge(ctx, now, now.Add(-retention), purgeBatch)
	return n == purgeBatch, err
}
