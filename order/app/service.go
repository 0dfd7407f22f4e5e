// Package app is what the order service does: every use case, over the ports.
package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/order/domain"
	"shop/order/ports"
)

// countCeiling is how far a filtered list is counted.
const countCeiling = 10_000

// Service implements the inbound ports over a store and the catalogue.
type Service struct {
	orders    ports.Orders
	keys      ports.Idempotency
	catalogue ports.Catalogue
	now       func() time.Time
	newID     func() string // UUIDs, for reservations.
}

var (
	_ ports.Service    = (*Service)(nil)
	_ ports.Settlement = (*Service)(nil)
	_ ports.Inspection = (*Service)(nil)
)

// New returns the service. orders and keys are one store.
func New(orders ports.Orders, keys ports.Idempotency, c ports.Catalogue, now func() time.Time, newID func() string) *Service {
	return &Service{orders, keys, c, now, newID}
}

func (s *Service) Get(ctx context.Context, reader domain.UserID, id domain.OrderID) (domain.Order, error) {
	return s.owned(ctx, reader, id, domain.ErrViewForbidden)
}

func (s *Service) List(ctx context.Context, owner domain.UserID, l ports.List) (ports.Page, error) {
	page, err := s.orders.List(ctx, owner, l, countCeiling)
	if err != nil {
		return ports.Page{}, fmt.Errorf("list orders of user %d: %w", owner, err)
	}
	if next := l.Skip + len(page.Orders); len(page.Orders) == l.Limit && (int64(next) < page.Total || !page.Exact) {
		page.Next = next
	}
	return page, nil
}

func (s *Service) ChangeStatus(ctx context.Context, owner domain.UserID, c ports.ChangeStatus) (domain.Order, error) {
	return s.change(ctx, owner, c.ID, domain.ErrUpdateForbidden, func(o domain.Order) (domain.Order, error) {
		changed, err := o.Become(c.To, s.now())
		if err != nil || changed == o {
			return o, err
		}
		return changed, s.orders.Update(ctx, changed, statusChanged(o.Snapshot().Status))
	})
}

func (s *Service) Delete(ctx context.Context, owner domain.UserID, id domain.OrderID) error {
	_, err := s.change(ctx, owner, id, domain.ErrDeleteForbidden, func(o domain.Order) (domain.Order, error) {
		return o, s.orders.Remove(ctx, o.Delete(s.now()), deleted)
	})
	return err
}

func (s *Service) Settle(ctx context.Context, id domain.ReservationID) (domain.Decision, error) {
	decision, err := s.orders.Settle(ctx, id, s.now())
	if err != nil {
		return "", fmt.Errorf("settle reservation %s: %w", id, err)
	}
	return decision, nil
}

func (s *Service) Inspect(ctx context.Context, id domain.OrderID) (ports.Dossier, error) {
	dossier, err := s.orders.Dossier(ctx, id)
	if err != nil {
		return ports.Dossier{}, fmt.Errorf("inspect order %d: %w", id, err)
	}
	return dossier, nil
}

// change applies f to owner's order, anew whenever somebody else was faster.
// That ends: each time the order has moved on, and its life has few steps.
func (s *Service) change(
	ctx context.Context, owner domain.UserID, id domain.OrderID, forbidden error, f func(domain.Order) (domain.Order, error),
) (domain.Order, error) {
	for {
		o, err := s.owned(ctx, owner, id, forbidden)
		if err != nil {
			return domain.Order{}, err
		}
		o, err = f(o)
		switch {
		case errors.Is(err, ports.ErrStale):
			continue
		case err != nil:
			return domain.Order{}, fmt.Errorf("change order %d: %w", id, err)
		}
		return o, nil
	}
}

// owned returns the order if it is u's, else forbidden.
func (s *Service) owned(ctx context.Context, u domain.UserID, id domain.OrderID, forbidden error) (domain.Order, error) {
	o, err := s.orders.Get(ctx, id)
	if err != nil {
		return domain.Order{}, fmt.Errorf("read order %d: %w", id, err)
	}
	if !o.OwnedBy(u) {
		return domain.Order{}, forbidden
	}
	return o, nil
}
