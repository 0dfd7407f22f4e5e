// Package memory keeps orders in the process: the fake that tests of the core
// run on, held to the same contract as the databases, and a product service of
// a few lines.
package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

// Store implements ports.Orders and ports.Idempotency.
type Store struct {
	mu       sync.Mutex
	last     domain.OrderID
	orders   map[domain.OrderID]domain.Order
	history  map[domain.OrderID][]ports.Step
	settled  map[domain.ReservationID]settled
	keys     map[keyID]domain.KeyRecord
	outbox   []event.Event
	failNext error
}

// settled is what is known of a reservation for good.
type settled struct {
	decision domain.Decision
	order    domain.OrderID
}

var _ ports.Orders = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		orders:  map[domain.OrderID]domain.Order{},
		history: map[domain.OrderID][]ports.Step{},
		settled: map[domain.ReservationID]settled{},
		keys:    map[keyID]domain.KeyRecord{},
	}
}

// Announced returns all events so far, in the order of their commits.
func (s *Store) Announced() []event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outbox)
}

// FailNextAdd makes the next Add store nothing and return err: a database that
// dies at the worst moment.
func (s *Store) FailNextAdd(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failNext = err
}

func (s *Store) Add(ctx context.Context, o domain.Order, announce ports.Announce, a *ports.Attempt) (domain.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failNext; err != nil {
		s.failNext = nil
		return domain.Order{}, err
	}
	if _, gone := s.settled[o.Snapshot().Reservation]; gone {
		return domain.Order{}, domain.ErrReservationGone
	}
	o = o.Stored(s.last + 1)
	e, err := announce(o)
	if err != nil {
		return domain.Order{}, fmt.Errorf("announce order: %w", err)
	}
	if err := s.finish(ctx, a, &domain.Outcome{Order: &o}); err != nil {
		return domain.Order{}, err
	}
	s.publish(ctx, e)
	s.last++
	s.orders[s.last] = o
	s.settled[o.Snapshot().Reservation] = settled{domain.Keep, s.last}
	s.step(ctx, o, string(o.Snapshot().Status))
	return o, nil
}

func (s *Store) Get(_ context.Context, id domain.OrderID) (domain.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders[id]
	if !ok {
		return domain.Order{}, domain.NotFound(id)
	}
	return o, nil
}

func (s *Store) List(_ context.Context, owner domain.UserID, l ports.List, ceiling int64) (ports.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := ports.Page{Exact: true}
	for id := s.last; id > 0; id-- {
		o, ok := s.orders[id]
		if !ok || !o.OwnedBy(owner) || l.Status != nil && o.Snapshot().Status != *l.Status {
			continue
		}
		if page.Total++; page.Total > int64(l.Skip) && len(page.Orders) < l.Limit {
			page.Orders = append(page.Orders, o)
		}
	}
	if l.Status != nil && page.Total > ceiling {
		page.Total, page.Exact = ceiling, false
	}
	return page, nil
}

func (s *Store) Update(ctx context.Context, o domain.Order, announce ports.Announce) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.advance(ctx, o, announce); err != nil {
		return err
	}
	s.orders[o.Snapshot().ID] = o
	s.step(ctx, o, string(o.Snapshot().Status))
	return nil
}

func (s *Store) Remove(ctx context.Context, o domain.Order, announce ports.Announce) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.advance(ctx, o, announce); err != nil {
		return err
	}
	delete(s.orders, o.Snapshot().ID)
	s.step(ctx, o, ports.Deleted)
	return nil
}

func (s *Store) Settle(_ context.Context, id domain.ReservationID, _ time.Time) (domain.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.settled[id]
	if !ok {
		known = settled{decision: domain.Abandoned}
		s.settled[id] = known
	}
	return known.decision, nil
}

func (s *Store) Dossier(_ context.Context, id domain.OrderID) (ports.Dossier, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := ports.Dossier{History: slices.Clone(s.history[id])}
	if len(d.History) == 0 {
		return ports.Dossier{}, domain.NotFound(id)
	}
	if o, ok := s.orders[id]; ok {
		d.Order = &o
	}
	for r, known := range s.settled {
		if known.order == id {
			d.Reservation = r
		}
	}
	for _, e := range s.outbox {
		if e.Key == strconv.FormatInt(int64(id), 10) {
			d.Events = append(d.Events, ports.Sent{
				ID: e.ID, Type: e.Type, Sequence: e.Sequence, OccurredAt: e.OccurredAt, TraceID: e.Trace["trace_id"],
			})
		}
	}
	return d, nil
}

// advance announces o if it is one change further than what is stored.
func (s *Store) advance(ctx context.Context, o domain.Order, announce ports.Announce) error {
	stored, ok := s.orders[o.Snapshot().ID]
	if !ok || stored.Snapshot().Sequence != o.Snapshot().Sequence-1 {
		return ports.ErrStale
	}
	e, err := announce(o)
	if err != nil {
		return fmt.Errorf("announce order: %w", err)
	}
	s.publish(ctx, e)
	return nil
}

func (s *Store) publish(ctx context.Context, e event.Event) {
	e.ID = uuid.NewString()
	e.Trace = map[string]string{"trace_id": telemetry.TraceID(ctx)}
	s.outbox = append(s.outbox, e)
}

func (s *Store) step(ctx context.Context, o domain.Order, status string) {
	id := o.Snapshot().ID
	s.history[id] = append(s.history[id], ports.Step{Status: status, At: o.Snapshot().UpdatedAt, TraceID: telemetry.TraceID(ctx)})
}
