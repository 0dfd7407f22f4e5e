package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"shop/kit/telemetry"
)

// Queryer runs statements: a DB, each on its own, or a Tx, all or none.
//
// Get scans one row into dest, a struct with `db` tags or one value; no row is
// ErrNotFound, further rows are ignored. Select scans all rows into the slice
// dest points to. Exec returns how many rows it affected. INSERT … RETURNING is
// a Get.
type Queryer interface {
	Get(ctx context.Context, dest any, query string, args ...any) error
	Select(ctx context.Context, dest any, query string, args ...any) error
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	Dialect() Dialect
}

var (
	_ Queryer = (*DB)(nil)
	_ Queryer = (*Tx)(nil)
)

// Options of a DB. The zero value of each field is its default. The last three
// are for Postgres alone: SQLite stops a statement when the context of the call
// ends, and its connections never grow old.
type Options struct {
	Tel              *telemetry.Telemetry // Default: telemetry.Nop().
	CAFile           string               // Postgres: its certificate must be signed by one of these (PEM) and have the URL's host name. Only where TakesCA.
	MaxConns         int                  // Of SQLite the readers beside the one writer (default 4), of Postgres all (default 16).
	ConnWait         time.Duration        // How long a statement or transaction waits for a free connection (default 3 s).
	StatementTimeout time.Duration        // When the server gives up a statement (default 5 s).
	ConnLifetime     time.Duration        // Older connections are replaced, so that they move along with a name (default 30 min).
	ConnIdleTime     time.Duration        // Connections unused for so long are closed (default 5 min).
}

func (o Options) withDefaults() Options {
	o.Tel = cmp.Or(o.Tel, telemetry.Nop())
	o.ConnWait = cmp.Or(o.ConnWait, 3*time.Second)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, 5*time.Second)
	o.ConnLifetime = cmp.Or(o.ConnLifetime, 30*time.Minute)
	o.ConnIdleTime = cmp.Or(o.ConnIdleTime, 5*time.Minute)
	return o
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect    Dialect
	path       string // SQLite's file.
	namespace  string // Postgres' database name.
	tel        *telemetry.Telemetry
	read       *pool
	write      *pool   // SQLite: its one writer. Postgres: the same pool as read.
	schema     *sql.DB // Changes the schema. SQLite: the writer.
	statements statements
	observer   *observer
	poolStats  *poolStats
	close      sync.Once
}

// Open opens the database that url names and makes sure that it answers. A
// SQLite file and its directory are created when they are missing. The error is
// one line and never holds a password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	t, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	o = o.withDefaults()
	db := &DB{dialect: t.dialect, path: t.path, tel: o.Tel}
	db.observer = newObserver(o.Tel, db)
	if t.dialect == SQLite {
		err = db.openSQLite(ctx, t.path, o)
	} else {
		err = db.openPostgres(ctx, t.url, o)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.poolStats = telemetry.Register(o.Tel, newPoolStats())
	db.poolStats.add(db)
	return db, nil
}

// Dialect returns the engine.
func (db *DB) Dialect() Dialect { return db.dialect }

// Get implements Queryer: SELECT on a reader, anything else on the writer.
func (db *DB) Get(ctx context.Context, dest any, query string, args ...any) error {
	s := db.statement(query)
	return db.do(ctx, db.poolOf(s), s, func(ctx context.Context, stmt runner) error {
		return stmt.GetContext(ctx, dest, args...)
	})
}

// Select implements Queryer.
func (db *DB) Select(ctx context.Context, dest any, query string, args ...any) error {
	s := db.statement(query)
	return db.do(ctx, db.poolOf(s), s, func(ctx context.Context, stmt runner) error {
		return stmt.SelectContext(ctx, dest, args...)
	})
}

// Exec implements Queryer, on the writer.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = db.do(ctx, db.write, db.statement(query), func(ctx context.Context, stmt runner) (err error) {
		affected, err = affectedRows(stmt.ExecContext(ctx, args...))
		return err
	})
	return affected, err
}

// do runs f as the statement s. It is run again if nothing can have happened:
// Postgres gave it up in favour of another one, or it only reads and its
// connection turns out to be dead. What writes may have been carried out.
func (db *DB) do(ctx context.Context, p *pool, s *statement, f func(context.Context, runner) error) error {
	return repeat(ctx, func() (again bool, err error) {
		err = db.observer.do(ctx, s, func(ctx context.Context) error { return p.run(ctx, s, f) })
		if lost(err) {
			p.dropIdle()
			return !s.writes, err
		}
		return conflicts(err), err
	})
}

// Ping reports whether the database answers a query.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.Get(ctx, &one, `SELECT 1`)
}

// Health is Ping with what an operator wants to see: engine and latency.
func (db *DB) Health(ctx context.Context) (map[string]any, error) {
	start := time.Now()
	err := db.Ping(ctx)
	took := float64(time.Since(start).Microseconds()) / 1000
	return map[string]any{"engine": db.dialect.String(), "latency_ms": took}, err
}

// Close waits for running statements and lets go of the database.
func (db *DB) Close() error {
	var err error
	db.close.Do(func() {
		db.poolStats.remove(db)
		err = db.closePools()
	})
	return err
}

func (db *DB) closePools() error {
	err := db.read.Close()
	if broken(err) {
		err = nil // The server is gone: there is nobody to say goodbye to.
	}
	if db.write != db.read {
		// The writer goes last: the last connection to a SQLite file checkpoints.
		err = errors.Join(err, db.write.Close())
	} else {
		err = errors.Join(err, db.schema.Close())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

func (db *DB) poolOf(s *statement) *pool {
	if s.writes {
		return db.write
	}
	return db.read
}
