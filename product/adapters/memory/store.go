// Package memory keeps products and reservations in the process: the fake that
// tests of the core run on, held to the same contract as the databases.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"shop/product/domain"
	"shop/product/ports"
)

// Store implements ports.Products and ports.Reservations. It forgets everything
// when the process ends.
type Store struct {
	mu           sync.Mutex
	lastID       domain.ID
	products     map[domain.ID]domain.Product
	reservations map[domain.ReservationID]record
	messages     map[string]time.Time // When each was received.
}

// record is a reservation with the time from which it may be purged; zero =
// never.
type record struct {
	domain.Reservation
	purgeAt time.Time
}

var (
	_ ports.Products     = (*Store)(nil)
	_ ports.Reservations = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{
		products:     map[domain.ID]domain.Product{},
		reservations: map[domain.ReservationID]record{},
		messages:     map[string]time.Time{},
	}
}

func (s *Store) Add(_ context.Context, p domain.Product) (domain.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	p.ID = s.lastID
	s.products[p.ID] = p
	return p, nil
}

func (s *Store) Get(_ context.Context, id domain.ID) (domain.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(id)
}

func (s *Store) get(id domain.ID) (domain.Product, error) {
	p, ok := s.products[id]
	if !ok {
		return p, domain.NotFound(id)
	}
	return p, nil
}

func (s *Store) List(_ context.Context, l ports.List, limit int) ([]domain.Product, error) {
	found := s.matching(l.Filter)
	slices.SortFunc(found, func(a, b domain.Product) int {
		return domain.After(a, l.Sort).Compare(domain.After(b, l.Sort))
	})
	if l.After != nil {
		found = slices.DeleteFunc(found, func(p domain.Product) bool {
			return domain.After(p, l.Sort).Compare(*l.After) <= 0
		})
	}
	found = found[min(l.Skip, len(found)):]
	return found[:min(limit, len(found))], nil
}

func (s *Store) Count(_ context.Context, f domain.Filter, ceiling int64) (int64, bool, error) {
	n := int64(len(s.matching(f)))
	if ceiling > 0 && n > ceiling {
		return ceiling, false, nil
	}
	return n, true, nil
}

func (s *Store) matching(f domain.Filter) []domain.Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []domain.Product
	for _, p := range s.products {
		if f.Matches(p) {
			found = append(found, p)
		}
	}
	return found
}

func (s *Store) Update(
	_ context.Context, id domain.ID, change func(domain.Product) (domain.Product, error),
) (domain.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.get(id)
	if err != nil {
		return p, err
	}
	if p, err = change(p); err != nil {
		return domain.Product{}, err
	}
	s.products[id] = p
	return p, nil
}

func (s *Store) Remove(_ context.Context, id domain.ID, allow func(domain.Product) error) (domain.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.get(id)
	if err != nil {
		return p, err
	}
	if err := allow(p); err != nil {
		return domain.Product{}, err
	}
	delete(s.products, id)
	return p, nil
}
