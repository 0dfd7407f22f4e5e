package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
	"shop/kit/sqldb"
)

// store is a queue as one consumer sees it.
type store struct {
	bus     *Bus
	queue   string
	owner   string
	changes chan struct{}
	more    bool // The last claim was filled, so there is more, most likely.
}

var _ dispatch.Store = (*store)(nil)

func (s *store) Changed() <-chan struct{} { return s.changes }

// watch signals when the file has changed, until ctx ends: SQLite counts for a
// connection what all others have committed, of this and of other processes.
func (s *store) watch(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var version int64
		if err := s.bus.db.Get(ctx, &version, `SELECT data_version FROM pragma_data_version`); err != nil {
			continue // The consumer finds out by itself, and reports it.
		}
		if version != last {
			last = version
			signal(s.changes)
		}
	}
}

// Exchange implements dispatch.Store. Where nothing is to be recorded it looks
// before it takes the file's write lock.
func (s *store) Exchange(ctx context.Context, settled []dispatch.Settlement, room int) (claimed []dispatch.Message, next time.Time, err error) {
	if len(settled) == 0 && !s.more {
		if next, err = s.next(ctx); err != nil || next.IsZero() || next.After(s.bus.now()) {
			return nil, next, err
		}
	}
	err = s.bus.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := s.settle(ctx, tx, settled); err != nil {
			return err
		}
		claimed, err = s.claim(ctx, tx, room)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("exchange messages of %s: %w", s.queue, err)
	}
	s.more = len(claimed) == room
	if s.more {
		return claimed, time.Time{}, nil
	}
	// What is claimed is claimed: an error here means a look too many.
	next, err = s.next(ctx)
	if err != nil {
		return claimed, s.bus.now(), nil
	}
	return claimed, next, nil
}

// next returns when a message may next be delivered, zero if there is none.
func (s *store) next(ctx context.Context) (time.Time, error) {
	var at *sqldb.Micros
	err := s.bus.db.Get(ctx, &at, `SELECT MIN(due_at) FROM messages WHERE queue = ? AND first = 1`, s.queue)
	if err != nil || at == nil {
		return time.Time{}, err
	}
	return at.Time(), nil
}

// claim takes messages for the length of a lease.
func (s *store) claim(ctx context.Context, tx *sqldb.Tx, room int) ([]dispatch.Message, error) {
	if room == 0 {
		return nil, nil
	}
	now := s.bus.now()
	var rows []row
	err := tx.Select(ctx, &rows, `
		UPDATE messages SET owner = ?, due_at = ?
		WHERE seq IN (SELECT seq FROM messages WHERE queue = ? AND first = 1 AND due_at <= ? ORDER BY seq LIMIT ?)
		RETURNING seq, id, type, key, sequence, occurred_at, data, trace, attempts`,
		s.owner, sqldb.From(now.Add(s.bus.lease)), s.queue, sqldb.From(now), room)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.Seq, b.Seq) }) // RETURNING has no order.
	claimed := make([]dispatch.Message, len(rows))
	for i, r := range rows {
		claimed[i] = dispatch.Message{Ref: r.Seq, Delivery: event.Delivery{Event: r.event(), Queue: s.queue, System: system, Attempts: r.Attempts}}
	}
	return claimed, nil
}

// settle records what became of messages that are still this consumer's. Where
// one went, the next of its key is now the first.
func (s *store) settle(ctx context.Context, tx *sqldb.Tx, settled []dispatch.Settlement) error {
	var done []int64
	for _, x := range settled {
		switch x.Verdict {
		case event.Acknowledge:
			done = append(done, x.Ref)
		case event.Bury:
			if err := s.bury(ctx, tx, x); err != nil {
				return err
			}
			done = append(done, x.Ref)
		case event.Wait, event.Retry:
			if _, err := tx.Exec(ctx, `UPDATE messages SET attempts = ?, due_at = ?, owner = '' WHERE seq = ? AND owner = ?`,
				x.Attempts, sqldb.From(x.Due), x.Ref, s.owner); err != nil {
				return err
			}
		}
	}
	if len(done) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE messages SET first = 1 WHERE seq IN (
		    SELECT (SELECT MIN(later.seq) FROM messages later WHERE later.queue = m.queue AND later.key = m.key AND later.seq > m.seq)
		    FROM messages m WHERE m.owner = ? AND m.seq IN (SELECT value FROM json_each(?)))`,
		s.owner, list(done)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM messages WHERE owner = ? AND seq IN (SELECT value FROM json_each(?))`, s.owner, list(done))
	return err
}

// bury copies a message to the dead letters.
func (s *store) bury(ctx context.Context, tx *sqldb.Tx, x dispatch.Settlement) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO dead_letters (queue, id, type, key, sequence, occurred_at, data, trace, attempts, reason, dead_at)
		SELECT queue, id, type, key, sequence, occurred_at, data, trace, ?, ?, ?
		FROM messages WHERE seq = ? AND owner = ?`,
		x.Attempts, x.Reason, sqldb.From(s.bus.now()), x.Ref, s.owner)
	return err
}

// Renew implements dispatch.Store.
func (s *store) Renew(ctx context.Context, refs []int64) error {
	_, err := s.bus.db.Exec(ctx, `UPDATE messages SET due_at = ? WHERE owner = ? AND seq IN (SELECT value FROM json_each(?))`,
		sqldb.From(s.bus.now().Add(s.bus.lease)), s.owner, list(refs))
	if err != nil {
		return fmt.Errorf("renew claims on %s: %w", s.queue, err)
	}
	return nil
}

// list is values as the JSON that json_each takes.
func list[T any](values []T) string {
	b, err := json.Marshal(values)
	if err != nil { // Of numbers and strings nothing fails to encode.
		panic(err)
	}
	return string(b)
}
