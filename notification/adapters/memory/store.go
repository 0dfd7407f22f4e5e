// Package memory keeps notifications in memory: the fake for tests, and the
// shortest statement of what a store does.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Store is a ports.Records, ports.Queue and ports.Archive. The zero Store is
// empty and ready.
type Store struct {
	mu    sync.Mutex
	seen  map[string]bool
	known map[int64]int64 // The newest sequence of each order.
	rows  []domain.Notification
}

var (
	_ ports.Records = (*Store)(nil)
	_ ports.Queue   = (*Store)(nil)
	_ ports.Archive = (*Store)(nil)
)

// Record as in ports.Records.
func (s *Store) Record(_ context.Context, n domain.News, notifications []domain.Notification) (ports.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[n.EventID] {
		return ports.Duplicate, nil
	}
	if s.seen == nil {
		s.seen, s.known = map[string]bool{}, map[int64]int64{}
	}
	s.seen[n.EventID] = true
	if n.Superseded(s.known[n.Order.ID]) {
		return ports.Superseded, nil
	}
	s.known[n.Order.ID] = max(s.known[n.Order.ID], n.Sequence)
	for i := range notifications {
		notifications[i].ID = int64(len(s.rows) + 1)
		s.rows = append(s.rows, notifications[i])
	}
	return ports.Recorded, nil
}

// Claim as in ports.Queue.
func (s *Store) Claim(
	_ context.Context, c domain.Channel, now, until time.Time, limit int,
) ([]domain.Notification, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []domain.Notification
	for _, row := range s.rows {
		if row.Channel == c && row.State == domain.Waiting && !row.DueAt.After(now) {
			due = append(due, row)
		}
	}
	slices.SortStableFunc(due, func(a, b domain.Notification) int { return a.DueAt.Compare(b.DueAt) })
	due = due[:min(limit, len(due))]
	for i := range due {
		due[i] = due[i].Started(until)
		s.rows[due[i].ID-1] = due[i]
	}
	return due, nil
}

// Settle as in ports.Queue.
func (s *Store) Settle(_ context.Context, claimed, after domain.Notification) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := &s.rows[claimed.ID-1]
	if row.State != domain.Waiting || row.Attempts != claimed.Attempts || !row.DueAt.Equal(claimed.DueAt) {
		return ports.ErrLost
	}
	*row = after
	return nil
}

// Waiting as in ports.Queue.
func (s *Store) Waiting(context.Context) (map[domain.Channel]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[domain.Channel]int64{}
	for _, row := range s.rows {
		if row.State == domain.Waiting {
			counts[row.Channel]++
		}
	}
	return counts, nil
}

// OfUser as in ports.Archive.
func (s *Store) OfUser(_ context.Context, q ports.OfUser) (ports.List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []domain.Notification
	for _, row := range slices.Backward(s.rows) {
		if row.Order.UserID == q.UserID {
			of = append(of, row)
		}
	}
	from := min(q.Page.Skip, len(of))
	to := from + min(q.Page.Limit, len(of)-from)
	return ports.List{Notifications: of[from:to], Total: int64(len(of))}, nil
}

// OfOrder as in ports.Archive.
func (s *Store) OfOrder(_ context.Context, orderID int64) ([]domain.Notification, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []domain.Notification
	for _, row := range s.rows {
		if row.Order.ID == orderID {
			of = append(of, row)
		}
	}
	return of, nil
}
