package sqldb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// claim is a batch of events that one relay has taken for the time of a lease.
type claim struct {
	token string
	rows  []eventRow // By key and sequence.
}

// farAhead bounds leases and back-offs: a row that is to wait for longer got its
// time from a clock that has been set back since.
const farAhead = 10 * time.Minute

// An event is due when nobody has leased it, it isn't backing off, and no earlier
// event of its key is leased or backing off. Together with the order of the
// search, the earlier events of its key are then in the same batch. (Counting
// where NOT EXISTS would do keeps Postgres from joining the whole backlog, and
// coalesce where IS NULL would do keeps it from reading all of that for each event
// by the index of what is unsent: it may believe that nothing is.)
const dueEvents = `SELECT o.position FROM outbox AS o
	WHERE o.sent_at IS NULL AND (o.not_before <= ? OR o.not_before > ?)
	  AND (SELECT count(*) FROM outbox AS e WHERE e.key = o.key AND e.sequence < o.sequence
		AND coalesce(e.sent_at, 0) = 0 AND e.not_before > ? AND e.not_before <= ?) = 0
	ORDER BY o.position LIMIT ?`

const (
	claimSQLite = `UPDATE outbox SET lease = ?, not_before = ? WHERE position IN (` + dueEvents + `)
		RETURNING ` + eventColumns + `, ` + earlier
	claimPostgres = `WITH due AS (` + dueEvents + ` FOR UPDATE OF o SKIP LOCKED)
		UPDATE outbox SET lease = ?, not_before = ? FROM due WHERE outbox.position = due.position
		RETURNING outbox.position, outbox.id, outbox.type, outbox.key, outbox.sequence, outbox.payload, outbox.trace,
			outbox.occurred_at, outbox.attempts, ` + earlier
	// The table's statistics are those of a minute ago, when it may have been
	// empty: without this Postgres sorts a backlog for every batch of it. Nor does
	// a claim wait for the disk: one that a crash of the server undoes is made again.
	inOrder = `SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
		set_config('synchronous_commit', 'off', true)`

	earlier = `(SELECT count(*) FROM outbox AS e WHERE e.key = outbox.key AND e.sequence < outbox.sequence AND coalesce(e.sent_at, 0) = 0) AS earlier`
)

const anyDue = `SELECT position FROM outbox WHERE sent_at IS NULL AND (not_before <= ? OR not_before > ?) LIMIT 1`

// due reports whether there may be anything to claim, without writing.
func (o *Outbox) due(ctx context.Context) (bool, error) {
	now := o.now()
	var found []int64
	if err := o.db.Select(ctx, &found, anyDue, From(now), From(now.Add(farAhead))); err != nil {
		return false, fmt.Errorf("look into the outbox: %w", err)
	}
	return len(found) > 0, nil
}

// claim leases at most limit due events until now + lease. Other relays leave
// them alone for so long; then they take them over.
func (o *Outbox) claim(ctx context.Context, limit int, lease time.Duration) (claim, error) {
	now := o.now()
	c := claim{token: o.newID()}
	from, to := From(now), From(now.Add(farAhead))
	set, find := []any{c.token, From(now.Add(lease))}, []any{from, to, from, to, limit}
	var err error
	if o.db.dialect == Postgres {
		err = o.db.Tx(ctx, func(tx *Tx) error {
			if _, err := tx.Exec(ctx, inOrder); err != nil {
				return err
			}
			return tx.Select(ctx, &c.rows, claimPostgres, slices.Concat(find, set)...)
		})
	} else {
		err = o.db.Select(ctx, &c.rows, claimSQLite, slices.Concat(set, find)...)
	}
	if err != nil {
		return claim{}, fmt.Errorf("claim from the outbox: %w", err)
	}
	slices.SortFunc(c.rows, func(a, b eventRow) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Sequence, b.Sequence))
	})
	return c, nil
}

// byKey returns the claimed events of each key in their order, without those
// whose predecessor isn't in the batch: on Postgres another relay may be claiming
// it this very moment.
func (c claim) byKey() [][]eventRow {
	var keys [][]eventRow
	for len(c.rows) > 0 {
		n := 1
		for n < len(c.rows) && c.rows[n].Key == c.rows[0].Key {
			n++
		}
		whole := 0
		for whole < n && c.rows[whole].Earlier == whole {
			whole++
		}
		if whole > 0 {
			keys = append(keys, c.rows[:whole])
		}
		c.rows = c.rows[n:]
	}
	// Oldest first, whatever the keys are called.
	slices.SortFunc(keys, func(a, b []eventRow) int { return cmp.Compare(a[0].Position, b[0].Position) })
	return keys
}

// failure is an event that was not published.
type failure struct {
	row    eventRow
	wait   time.Duration
	reason string
}

// restAWhile is how long events that were claimed and not tried stay back, so
// that a claim which keeps missing their predecessors gets to others.
const restAWhile = 10 * time.Millisecond

// maxReason bounds last_error, in bytes.
const maxReason = 500

// settle writes down what became of a claim: sent events are marked, failed ones
// wait as long as they are to, the rest is free again.
func (o *Outbox) settle(ctx context.Context, c claim, r result) error {
	now := o.now()
	if len(r.sent) == len(c.rows) {
		return o.mark(ctx, o.db, r.sent, now)
	}
	return o.db.Tx(ctx, func(tx *Tx) error {
		if err := o.mark(ctx, tx, r.sent, now); err != nil {
			return err
		}
		for _, f := range r.failed {
			_, err := tx.Exec(ctx, `UPDATE outbox SET attempts = attempts + 1, lease = '', not_before = ?, last_error = ?
				WHERE position = ? AND lease = ? AND sent_at IS NULL`,
				From(now.Add(f.wait)), f.reason[:min(len(f.reason), maxReason)], f.row.Position, c.token)
			if err != nil {
				return fmt.Errorf("note a failed event: %w", err)
			}
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET lease = '', not_before = ? WHERE lease = ? AND sent_at IS NULL`,
			From(now.Add(restAWhile)), c.token)
		if err != nil {
			return fmt.Errorf("release the rest of a batch: %w", err)
		}
		return nil
	})
}

func markSent(d Dialect) string {
	return `UPDATE outbox SET sent_at = ?, attempts = attempts + 1, lease = '', last_error = ''
		WHERE ` + d.In("position") + ` AND sent_at IS NULL` + d.WithoutFlush()
}

// mark notes events as sent. It doesn't ask for the lease: a confirmed event is
// sent, whoever was to publish it in the meantime. Nor does it wait for the disk:
// an event whose mark a crash of the server undoes is published again.
func (o *Outbox) mark(ctx context.Context, q Queryer, sent []int64, now time.Time) error {
	if len(sent) == 0 {
		return nil
	}
	d := q.Dialect()
	if _, err := q.Exec(ctx, markSent(d), From(now), d.List(sent)); err != nil {
		return fmt.Errorf("mark events as sent: %w", err)
	}
	return nil
}
