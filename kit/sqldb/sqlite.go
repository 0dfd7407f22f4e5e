package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/jmoiron/sqlx"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	defaultReaders = 4
	lockPoll       = 20 * time.Millisecond
)

// openSQLite opens the writer, then the readers.
//
// The writer begins its transactions with the lock (BEGIN IMMEDIATE), so none
// fails halfway because another wrote; it waits 5 s for other processes.
// synchronous=FULL: what was committed survives a loss of power. The page cache is
// SQLite's own default of 2 MB a connection: with 10^5 rows a larger one and
// memory-mapping measured no faster, and a mapped file that breaks is a SIGBUS.
func (db *DB) openSQLite(ctx context.Context, path string, o Options) error {
	if err := createFile(path); err != nil {
		return err
	}
	readers := o.MaxConns
	if readers == 0 {
		readers = defaultReaders
	}
	// Several starters at once must not switch a new file to WAL together.
	unlock, err := lockFile(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()

	db.write, err = sqlitePool(path, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		// A WAL that grew in a burst is cut back to 16 MiB.
		"_pragma": {"journal_size_limit(16777216)"},
	}, 1, o.ConnWait)
	if err != nil {
		return err
	}
	db.write.writer = true
	db.schema = db.write.DB.DB
	if err := db.write.PingContext(ctx); err != nil {
		return errors.Join(describe(path, err), db.write.Close())
	}
	db.read, err = sqlitePool(path, url.Values{"_query_only": {"1"}}, readers, o.ConnWait)
	if err != nil {
		return errors.Join(err, db.write.Close())
	}
	if err := db.Ping(ctx); err != nil {
		return errors.Join(describe(path, err), db.closePools())
	}
	return nil
}

func sqlitePool(path string, q url.Values, size int, wait time.Duration) (*pool, error) {
	q.Set("_busy_timeout", "5000")
	q.Set("_synchronous", "FULL")
	q.Set("_foreign_keys", "1")
	q.Add("_pragma", "temp_store(MEMORY)")
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	conns, err := sqlx.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	conns.SetMaxOpenConns(size)
	conns.SetMaxIdleConns(size)
	return newPool(conns, size, wait), nil
}

// createFile makes the database's directory and its file, readable by this user
// alone: SQLite gives its other files the same rights.
func createFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("directory %s cannot be created: %w", dir, reason(err))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // The operator names the file.
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, reason(err))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, reason(err))
	}
	return nil
}

// lockFile takes the lock beside the database file that starting processes
// share; SQLite's own locks end with each transaction.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	ok, err := lock.TryLockContext(ctx, lockPoll)
	if err != nil || !ok {
		return nil, fmt.Errorf("lock %s.lock: %w", path, reason(err))
	}
	return func() {
		// Closing the file, which happens in any case, lets go of the lock.
		_ = lock.Close()
	}, nil
}

// reason drops the operation and path that errors of package os repeat.
func reason(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}

// describe turns what SQLite says about an unusable file into one clear line.
func describe(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is not a SQLite database, or it is damaged: %w", path, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%s is damaged: %w", path, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s or its directory cannot be written: %w", path, err)
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
}
