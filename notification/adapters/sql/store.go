// Package sql keeps notifications in a database, PostgreSQL or SQLite.
package sql

import (
	"context"
	"time"

	"shop/kit/sqldb"
	"shop/notification/ports"
)

// Store is a ports.Records, ports.Queue and ports.Archive over one database.
type Store struct {
	db    *sqldb.DB
	inbox sqldb.Inbox
	queue string // The name of the queue whose events are recorded.
	rows  sqldb.Repository[row]

	news     *sqldb.GroupCommit[*arrival]
	outcomes *sqldb.GroupCommit[*ended]
}

var (
	_ ports.Records = (*Store)(nil)
	_ ports.Queue   = (*Store)(nil)
	_ ports.Archive = (*Store)(nil)
)

// New returns the store in db, whose schema is that of Migrations. queue is the
// queue whose events it records, now when it does.
func New(db *sqldb.DB, queue string, now func() time.Time) *Store {
	s := &Store{
		db: db, inbox: sqldb.NewInbox(sqldb.InboxClock(now)), queue: queue,
		rows: sqldb.NewRepository[row]("notifications"),
	}
	s.news = sqldb.NewGroupCommit(db, "notifications", s.record)
	s.outcomes = sqldb.NewGroupStatement(db, "notifications", settle)
	return s
}

// Forget lets go of what the inbox remembers of events recorded before then. One
// that led to notifications stays a duplicate for as long as they are kept.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	_, err := s.inbox.Purge(ctx, s.db, before)
	return err
}
