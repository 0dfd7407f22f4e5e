package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"
)

// maxConflicts is how often a transaction is run again that Postgres gave up in
// favour of another.
const maxConflicts = 5

// Tx is a transaction. It is not for concurrent use and not for network calls.
type Tx struct {
	db       *DB
	tx       *sqlx.Tx
	stmts    map[*statement]*sqlx.Stmt
	learned  []*statement
	hooks    []func()
	conflict bool
}

// Tx runs f in a transaction and commits it if f returns nil. Otherwise, and if f
// panics, nothing has happened. On SQLite it has the write lock from the start.
// When Postgres gives up the transaction in favour of another one (serialization
// failure, deadlock), f is run again from the start: it must leave nothing behind
// but what it wrote in tx. An error of the commit is returned; if the connection
// was lost in that moment, the outcome is unknown.
func (db *DB) Tx(ctx context.Context, f func(tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		tx := &Tx{db: db, stmts: map[*statement]*sqlx.Stmt{}}
		err := tx.run(ctx, f)
		db.learn(ctx, tx.learned)
		if err == nil {
			for _, hook := range tx.hooks {
				hook()
			}
			return nil
		}
		if !tx.conflict || attempt > maxConflicts || !pause(ctx, attempt) {
			return err
		}
	}
}

func (tx *Tx) run(ctx context.Context, f func(tx *Tx) error) (err error) {
	db := tx.db
	err = db.observer.do(ctx, db.statement("BEGIN"), func(ctx context.Context) (err error) {
		tx.tx, err = db.write.BeginTxx(ctx, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	ended := false
	defer func() {
		if ended {
			return
		}
		// f failed or panicked. Where the connection is gone or the context has
		// ended, the engine has rolled back already.
		if e := tx.tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) && err != nil && ctx.Err() == nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", classify(ctx, e)))
		}
	}()
	if err = f(tx); err != nil {
		return err
	}
	ended = true
	err = db.observer.do(ctx, db.statement("COMMIT"), func(context.Context) error { return tx.tx.Commit() })
	if err != nil {
		tx.conflict = tx.conflict || conflicts(err)
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// pause waits before the next attempt: 5, 10, 20 … ms, jittered so that the same
// two transactions don't meet again. It reports false when ctx ended.
func pause(ctx context.Context, attempt int) bool {
	base := 5 * time.Millisecond << (attempt - 1)
	timer := time.NewTimer(base/2 + rand.N(base))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// AfterCommit has hook called once the transaction is committed; not if it fails.
func (tx *Tx) AfterCommit(hook func()) { tx.hooks = append(tx.hooks, hook) }

// Dialect returns the engine.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// Get implements Queryer.
func (tx *Tx) Get(ctx context.Context, dest any, query string, args ...any) error {
	return tx.do(ctx, query, func(ctx context.Context, stmt *sqlx.Stmt) error {
		return stmt.GetContext(ctx, dest, args...)
	})
}

// Select implements Queryer.
func (tx *Tx) Select(ctx context.Context, dest any, query string, args ...any) error {
	return tx.do(ctx, query, func(ctx context.Context, stmt *sqlx.Stmt) error {
		return stmt.SelectContext(ctx, dest, args...)
	})
}

// Exec implements Queryer.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = tx.do(ctx, query, func(ctx context.Context, stmt *sqlx.Stmt) (err error) {
		affected, err = affectedRows(stmt.ExecContext(ctx, args...))
		return err
	})
	return affected, err
}

func (tx *Tx) do(ctx context.Context, query string, f func(context.Context, *sqlx.Stmt) error) error {
	s := tx.db.statement(query)
	err := tx.db.observer.do(ctx, s, func(ctx context.Context) error {
		stmt, err := tx.prepare(ctx, s)
		if err != nil {
			return err
		}
		return f(ctx, stmt)
	})
	tx.conflict = tx.conflict || conflicts(err)
	return err
}

// prepare returns s on this transaction's connection. A statement that the pool
// has not prepared yet is prepared for this transaction only and noted: the pool
// can't do it now, because its one connection may be this one.
func (tx *Tx) prepare(ctx context.Context, s *statement) (*sqlx.Stmt, error) {
	if stmt, ok := tx.stmts[s]; ok {
		return stmt, nil
	}
	var stmt *sqlx.Stmt
	if known := tx.db.write.slot(s).stmt.Load(); known != nil {
		stmt = tx.tx.StmtxContext(ctx, known)
	} else {
		var err error
		if stmt, err = tx.tx.PreparexContext(ctx, s.text); err != nil {
			return nil, err
		}
		if s.cached {
			tx.learned = append(tx.learned, s)
		}
	}
	tx.stmts[s] = stmt
	return stmt, nil
}

// learn prepares for the next transaction what this one met first.
func (db *DB) learn(ctx context.Context, learned []*statement) {
	for _, s := range learned {
		if _, err := db.write.prepare(ctx, s); err != nil {
			db.tel.Log.DebugContext(ctx, "statement not prepared ahead", "operation", s.operation, "table", s.collection, "error", err)
			return
		}
	}
}
