package sqlite

import (
	"context"
	"fmt"

	"shop/kit/event"
	"shop/kit/sqldb"
)

// List implements event.DeadLetters.
func (b *Bus) List(ctx context.Context, queue string, limit int) ([]event.DeadLetter, error) {
	var rows []struct {
		row
		Reason string       `db:"reason"`
		DeadAt sqldb.Micros `db:"dead_at"`
	}
	err := b.db.Select(ctx, &rows, `
		SELECT seq, id, type, key, sequence, occurred_at, data, trace, attempts, reason, dead_at
		FROM dead_letters WHERE queue = ? ORDER BY seq LIMIT ?`, queue, max(limit, 0))
	if err != nil {
		return nil, unavailable(fmt.Errorf("list dead letters of %s: %w", queue, err))
	}
	letters := make([]event.DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = event.DeadLetter{Event: r.event(), Queue: queue, Attempts: r.Attempts, Reason: r.Reason, DeadAt: r.DeadAt.Time()}
	}
	return letters, nil
}

// Replay implements event.DeadLetters. Replayed messages are the newest of their
// queue, in the order in which they had been given up.
func (b *Bus) Replay(ctx context.Context, queue string, ids ...string) (int, error) {
	replayed := 0
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var letters []row
		if err := tx.Select(ctx, &letters, `
			SELECT seq, id, type, key, sequence, occurred_at, data, trace, 0 AS attempts
			FROM dead_letters WHERE queue = ? AND (? = 0 OR id IN (SELECT value FROM json_each(?))) ORDER BY seq`,
			queue, len(ids), list(ids)); err != nil {
			return err
		}
		for _, r := range letters {
			if err := replay(ctx, tx, queue, r); err != nil {
				return err
			}
		}
		replayed = len(letters)
		return nil
	})
	if err != nil {
		return 0, unavailable(fmt.Errorf("replay dead letters of %s: %w", queue, err))
	}
	b.changed()
	return replayed, nil
}

func replay(ctx context.Context, tx *sqldb.Tx, queue string, r row) error {
	if _, err := tx.Exec(ctx, `
		INSERT INTO messages (queue, id, type, key, sequence, occurred_at, data, trace, first)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?,
		        ? = '' OR NOT EXISTS (SELECT 1 FROM messages m WHERE m.queue = ? AND m.key = ?))`,
		queue, r.ID, r.Type, r.Key, r.Sequence, r.OccurredAt, r.Data, r.Trace, r.Key, queue, r.Key); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM dead_letters WHERE seq = ?`, r.Seq)
	return err
}
