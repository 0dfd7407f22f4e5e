// Package sql keeps notifications in a database, PostgreSQL or SQLite.
package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Store is a ports.Records, ports.Queue and ports.Archive over one database.
type Store struct {
	db    *sqldb.DB
	inbox sqldb.Inbox
	queue string // The name of the queue whose events are recorded.
	rows  sqldb.Repository[row]

	settler settler
}

var (
	_ ports.Records = (*Store)(nil)
	_ ports.Queue   = (*Store)(nil)
	_ ports.Archive = (*Store)(nil)
)

// New returns the store in db, whose schema is that of Migrations. queue is the
// queue whose events it records, now when it does.
func New(db *sqldb.DB, queue string, now func() time.Time) *Store {
	return &Store{
		db: db, inbox: sqldb.NewInbox(sqldb.InboxClock(now)), queue: queue,
		rows: sqldb.NewRepository[row]("notifications"), settler: settler{db: db},
	}
}

// Seen as in ports.Records.
func (s *Store) Seen(ctx context.Context, eventID string) (bool, error) {
	var n int
	err := s.db.Get(ctx, &n, `SELECT count(*) FROM inbox WHERE queue = ? AND message_id = ?`, s.queue, eventID)
	if err != nil {
		return false, fmt.Errorf("look into the inbox: %w", err)
	}
	return n > 0, nil
}

// Record as in ports.Records.
func (s *Store) Record(
	ctx context.Context, n domain.News, notifications []domain.Notification,
) (outcome ports.Outcome, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		fresh, err := s.inbox.Once(ctx, tx, s.queue, n.EventID)
		if err != nil {
			return err
		}
		if !fresh {
			outcome = ports.Duplicate
			return nil
		}
		known, err := s.progress(ctx, tx, n)
		if err != nil {
			return err
		}
		if n.Superseded(known) {
			outcome = ports.Superseded
			return nil
		}
		outcome = ports.Recorded
		rows := make([]row, len(notifications))
		for i, notification := range notifications {
			rows[i] = rowOf(notification)
		}
		created, err := s.rows.CreateMissing(ctx, tx, rows)
		if err == nil && created < int64(len(rows)) {
			return errRemembered
		}
		return err
	})
	if errors.Is(err, errRemembered) {
		return ports.Duplicate, nil
	}
	return outcome, err
}

// errRemembered says that there are notifications of an event that the inbox has
// forgotten.
var errRemembered = errors.New("the event is a duplicate")

// Forget lets go of what the inbox remembers of events recorded before then. One
// that led to notifications stays a duplicate for as long as they are kept.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	_, err := s.inbox.Purge(ctx, s.db, before)
	return err
}

// progress notes how far the order of n has come and returns the newest sequence
// handled, n's own included. The row is locked until the transaction ends, so two
// events of one order are compared one after the other.
func (s *Store) progress(ctx context.Context, tx *sqldb.Tx, n domain.News) (newest int64, err error) {
	err = tx.Get(ctx, &newest, `
		INSERT INTO order_progress (order_id, sequence) VALUES (?, ?)
		ON CONFLICT (order_id) DO UPDATE SET sequence =
			CASE WHEN excluded.sequence > order_progress.sequence THEN excluded.sequence ELSE order_progress.sequence END
		RETURNING sequence`, n.Order.ID, n.Sequence)
	if err != nil {
		return 0, fmt.Errorf("note the progress of order %d: %w", n.Order.ID, err)
	}
	return newest, nil
}
