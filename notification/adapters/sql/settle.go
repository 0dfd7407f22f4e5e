package sql

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

const (
	// maxSettled bounds what is settled by one transaction.
	maxSettled = 64
	// settleTimeout bounds that transaction, whose callers' contexts differ.
	settleTimeout = 5 * time.Second
)

// settler stores the outcomes of attempts that end at about the same time in one
// transaction: while one commits, the next gather. A commit costs the same for
// one and for many.
type settler struct {
	db *sqldb.DB

	mu      sync.Mutex
	waiting []*ended
	running bool
}

// ended is an attempt that has ended, and what became of storing it.
type ended struct {
	claimed, after domain.Notification
	lost           bool
	err            error
	done           chan struct{}
}

// Settle as in ports.Queue.
func (s *Store) Settle(ctx context.Context, claimed, after domain.Notification) error {
	e := &ended{claimed: claimed, after: after, done: make(chan struct{})}
	s.settler.add(ctx, e)
	select {
	case <-e.done:
	case <-ctx.Done():
		return fmt.Errorf("store the outcome: %w", ctx.Err())
	}
	switch {
	case e.err != nil:
		return fmt.Errorf("store the outcome: %w", e.err)
	case e.lost:
		return ports.ErrLost
	}
	return nil
}

// add queues e, and sets to work if nobody does.
func (s *settler) add(ctx context.Context, e *ended) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, e)
	if !s.running {
		s.running = true
		go s.run(context.WithoutCancel(ctx))
	}
}

// run settles until nothing waits.
func (s *settler) run(ctx context.Context) {
	for batch := s.next(); len(batch) > 0; batch = s.next() {
		err := s.settle(ctx, batch)
		for _, e := range batch {
			e.err = err
			close(e.done)
		}
	}
}

func (s *settler) next() []*ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), maxSettled)
	batch := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	s.running = n > 0
	return batch
}

func (s *settler) settle(ctx context.Context, batch []*ended) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if len(batch) == 1 {
		return batch[0].settle(ctx, s.db)
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, e := range batch {
			if err := e.settle(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle stores the outcome of one attempt. The number of the attempt and the end
// of its claim tell it from every other one.
func (e *ended) settle(ctx context.Context, q sqldb.Queryer) error {
	n, err := q.Exec(ctx, `
		UPDATE notifications SET state = ?, recipient = ?, attempts = ?, reason = ?, due_at = ?, sent_at = ?
		WHERE id = ? AND state = 'pending' AND attempts = ? AND due_at = ?`,
		e.after.State, e.after.Recipient, e.after.Attempts, e.after.Reason, sqldb.From(e.after.DueAt), micros(e.after.SentAt),
		e.claimed.ID, e.claimed.Attempts, sqldb.From(e.claimed.DueAt))
	e.lost = n == 0
	return err
}
