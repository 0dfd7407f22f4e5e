package sqldb

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// Inbox remembers which messages of a queue were handled, so that one delivered
// twice acts once. Its table is made by InboxSchema.
type Inbox struct{ now func() time.Time }

// InboxOption changes a default of an Inbox.
type InboxOption func(*Inbox)

// InboxClock sets the source of time; the default is time.Now.
func InboxClock(now func() time.Time) InboxOption { return func(i *Inbox) { i.now = now } }

// NewInbox returns the inbox of whatever transaction it is used in.
func NewInbox(opts ...InboxOption) Inbox {
	i := Inbox{now: time.Now}
	for _, opt := range opts {
		opt(&i)
	}
	return i
}

// Once reports whether the message is new to the queue, and remembers it if tx
// commits. A delivery of the same message at the same time waits for this
// transaction to end.
func (i Inbox) Once(ctx context.Context, tx *Tx, queue, messageID string) (fresh bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO inbox (queue, message_id, received_at) VALUES (?, ?, ?) ON CONFLICT (queue, message_id) DO NOTHING`,
		queue, messageID, From(i.now()))
	if err != nil {
		return false, fmt.Errorf("note message in the inbox: %w", err)
	}
	return n == 1, nil
}

// OnceEach is Once for many messages, no two of which are the same: it returns
// those that are new to the queue.
func (i Inbox) OnceEach(ctx context.Context, tx *Tx, queue string, messageIDs []string) (fresh map[string]bool, err error) {
	fresh = make(map[string]bool, len(messageIDs))
	if tx.Dialect() != Postgres || len(messageIDs) < 2 {
		for _, id := range messageIDs {
			if fresh[id], err = i.Once(ctx, tx, queue, id); err != nil {
				return nil, err
			}
		}
		return fresh, nil
	}
	var ids []string
	// In one order everywhere, so that no two transactions wait for each other.
	err = tx.Select(ctx, &ids, `INSERT INTO inbox (queue, message_id, received_at)
		SELECT ?, id, ? FROM unnest(CAST(? AS TEXT[])) AS given (id) ORDER BY id
		ON CONFLICT (queue, message_id) DO NOTHING RETURNING message_id`, queue, From(i.now()), pq.Array(messageIDs))
	if err != nil {
		return nil, fmt.Errorf("note messages in the inbox: %w", err)
	}
	for _, id := range ids {
		fresh[id] = true
	}
	return fresh, nil
}

// Purge forgets messages received before t, in small transactions, and returns
// how many. Keep them for longer than the broker may deliver again.
func (i Inbox) Purge(ctx context.Context, db *DB, t time.Time) (removed int64, err error) {
	for {
		n, err := db.Exec(ctx, `DELETE FROM inbox WHERE (queue, message_id) IN (
			SELECT queue, message_id FROM inbox WHERE received_at < ? ORDER BY received_at LIMIT ?)`, From(t), purgeBatch)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("purge the inbox: %w", err)
		}
		if n < purgeBatch {
			return removed, nil
		}
	}
}
