package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"shop/product/domain"
	"shop/product/ports"
)

func (s *Store) Reserve(
	_ context.Context, c domain.Claim, now time.Time, ttl time.Duration,
) (domain.Reservation, ports.Movement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.reservations[c.ID]; ok {
		if err := known.Repeats(c); err != nil {
			return domain.Reservation{}, ports.Movement{}, err
		}
		return known.Reservation, s.moved(c.Product), nil
	}
	p, err := s.get(c.Product)
	if err != nil {
		return domain.Reservation{}, ports.Movement{}, err
	}
	if p, err = p.Take(c.Quantity, now); err != nil {
		return domain.Reservation{}, ports.Movement{}, err
	}
	r := domain.Reserve(c, p, now, ttl)
	s.products[p.ID] = p
	s.reservations[c.ID] = record{Reservation: r}
	return r, s.moved(p.ID), nil
}

func (s *Store) Confirm(_ context.Context, id domain.ReservationID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.confirm(id)
	return nil
}

func (s *Store) confirm(id domain.ReservationID) {
	if r, ok := s.reservations[id]; ok && r.State == domain.Open {
		r.State = domain.Confirmed
		s.reservations[id] = r
	}
}

func (s *Store) Release(_ context.Context, r ports.Release, now, purgeAt time.Time) (ports.Movement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Message != "" {
		if _, handled := s.messages[r.Message]; handled {
			moved := s.moved(r.Claim.Product)
			moved.Repeated = true
			return moved, nil
		}
		s.messages[r.Message] = now
	}
	known, ok := s.reservations[r.Claim.ID]
	switch {
	case !ok && r.Claim.ID.Adopted():
		s.reservations[r.Claim.ID] = record{Reservation: domain.Tombstone(r.Claim, now)}
		if p, there := s.products[r.Claim.Product]; there {
			s.products[p.ID] = p.Give(r.Claim.Quantity, now)
		}
		return s.moved(r.Claim.Product), nil
	case !ok:
		s.reservations[r.Claim.ID] = record{domain.Tombstone(r.Claim, now), purgeAt}
		return ports.Movement{}, nil
	}
	if p, ok := s.products[known.Product]; ok && known.State != domain.Released {
		s.products[p.ID] = p.Give(known.Quantity, now)
	}
	if known.State != domain.Released {
		known.State, known.purgeAt = domain.Released, purgeAt
		s.reservations[known.ID] = known
	}
	return s.moved(known.Product), nil
}

// moved returns the movement that brought the product to where it is; none if
// it has been removed.
func (s *Store) moved(id domain.ID) ports.Movement {
	p, ok := s.products[id]
	if !ok {
		return ports.Movement{}
	}
	return ports.Movement{Product: id, Version: p.Version}
}

func (s *Store) Close(_ context.Context, id domain.ReservationID, purgeAt time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.confirm(id)
	if r, ok := s.reservations[id]; ok && r.State == domain.Confirmed && r.purgeAt.IsZero() {
		r.purgeAt = purgeAt
		s.reservations[id] = r
	}
	return nil
}

func (s *Store) Due(_ context.Context, now time.Time, limit int) ([]domain.Reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []domain.Reservation
	for _, r := range s.reservations {
		if r.State == domain.Open && !r.DueAt.After(now) {
			due = append(due, r.Reservation)
		}
	}
	slices.SortFunc(due, func(a, b domain.Reservation) int { return a.DueAt.Compare(b.DueAt) })
	due = due[:min(limit, len(due))]
	for i, r := range due {
		due[i] = r.Asked(now)
		s.reservations[r.ID] = record{Reservation: due[i]}
	}
	return due, nil
}

func (s *Store) Purge(_ context.Context, now, seen time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.messages, func(_ string, at time.Time) bool { return at.Before(seen) })
	n := 0
	for id, r := range s.reservations {
		if n < limit && !r.purgeAt.IsZero() && !r.purgeAt.After(now) {
			delete(s.reservations, id)
			n++
		}
	}
	return n, nil
}
