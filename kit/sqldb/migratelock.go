package sqldb

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3/lock"
)

// lock takes the lock that processes share while they change the schema: a file
// beside a SQLite database, a session's advisory lock in Postgres, which ends
// with its connection.
func (db *DB) lock(ctx context.Context) (unlock func(), err error) {
	if db.dialect == SQLite {
		return lockFile(ctx, db.path)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // Every second, 5 minutes.
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	conn, err := db.schema.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", classify(ctx, err))
	}
	if err := locker.SessionLock(ctx, conn); err != nil {
		_ = conn.Close() // Back to the pool; the failure to lock says more.
		return nil, fmt.Errorf("migration lock: %w", classify(ctx, err))
	}
	return func() {
		ctx := context.WithoutCancel(ctx)
		if err := locker.SessionUnlock(ctx, conn); err != nil {
			db.tel.Log.WarnContext(ctx, "migration lock not released; it ends with the connection", "error", err)
		}
		_ = conn.Close() // Back to the pool.
	}, nil
}
