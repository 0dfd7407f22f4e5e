package memory

import (
	"context"
	"time"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

type keyID struct {
	user domain.UserID
	key  domain.IdempotencyKey
}

var _ ports.Idempotency = (*Store)(nil)

func (s *Store) Present(_ context.Context, p ports.Presentation) (ports.Attempt, *domain.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := keyID{p.User, p.Key}
	record, known := s.keys[id]
	if !known {
		record = domain.NewKeyRecord(p.Request, p.Reservation, p.At)
	} else {
		var err error
		if record, err = record.Present(p.Request, p.Reservation, p.At); err != nil {
			return ports.Attempt{}, nil, err
		}
	}
	s.keys[id] = record
	if record.Outcome != nil {
		return ports.Attempt{}, record.Outcome, nil
	}
	return ports.Attempt{User: p.User, Key: p.Key, Number: record.Attempt, Reservation: record.Reservation}, nil, nil
}

func (s *Store) Renew(_ context.Context, a ports.Attempt, r domain.ReservationID, now time.Time) (ports.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.amend(a, func(k *domain.KeyRecord) { k.Reservation, k.LeaseUntil = r, now.Add(domain.KeyLease) })
	a.Reservation = r
	return a, err
}

func (s *Store) Refuse(ctx context.Context, a ports.Attempt, refusal *errs.Error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finish(ctx, &a, &domain.Outcome{Refusal: refusal})
}

func (s *Store) GiveUp(_ context.Context, a ports.Attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.amend(a, func(k *domain.KeyRecord) { k.LeaseUntil = time.Time{} }) // Superseded: nothing to give up.
	return nil
}

func (s *Store) Purge(_ context.Context, before time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, record := range s.keys {
		if n < limit && record.CreatedAt.Before(before) {
			delete(s.keys, id)
			n++
		}
	}
	return n, nil
}

// finish makes o the outcome of the attempt's key, if there is an attempt.
func (s *Store) finish(ctx context.Context, a *ports.Attempt, o *domain.Outcome) error {
	if a == nil {
		return nil
	}
	o.TraceID = telemetry.TraceID(ctx)
	return s.amend(*a, func(k *domain.KeyRecord) { k.Outcome = o })
}

// amend changes the record of the attempt's key if nobody has taken it over.
func (s *Store) amend(a ports.Attempt, change func(*domain.KeyRecord)) error {
	id := keyID{a.User, a.Key}
	record, known := s.keys[id]
	if !known || record.Attempt != a.Number || record.Outcome != nil {
		return ports.ErrSuperseded
	}
	change(&record)
	s.keys[id] = record
	return nil
}
