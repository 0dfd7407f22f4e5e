package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Tx is a transaction. It is not for concurrent use and not for network calls.
type Tx struct {
	db      *DB
	tx      *sqlx.Tx
	stmts   map[*statement]runner
	learned []*statement // Met for the first time, to be prepared in the pool afterwards.
	hooks   []func()
	again   bool // Nothing has happened, through no fault of the caller.
}

// Tx runs f in a transaction and commits it if f returns nil. Otherwise, and if f
// panics, nothing has happened. On SQLite it has the write lock from the start.
// When Postgres gives up the transaction in favour of another one (serialization
// failure, deadlock) or the connection is lost before the commit, f is run again
// from the start: it must leave nothing behind but what it wrote in tx. It uses tx
// alone: on SQLite, writing through db in here would wait for itself.
//
// An error of the commit is returned. If the connection broke in that moment it is
// ErrOutcomeUnknown as well: everything has happened or nothing, and only what was
// to be written can tell.
func (db *DB) Tx(ctx context.Context, f func(tx *Tx) error) error {
	return repeat(ctx, func() (again bool, err error) { return db.attempt(ctx, f) })
}

// attempt runs f in a transaction once. It reports whether f may be run again
// because nothing has happened, through no fault of f.
func (db *DB) attempt(ctx context.Context, f func(tx *Tx) error) (again bool, err error) {
	tx := &Tx{db: db, stmts: map[*statement]runner{}}
	if err = tx.run(ctx, f); err == nil {
		tx.again = false
		for _, hook := range tx.hooks {
			hook()
		}
	}
	db.learn(ctx, tx.learned)
	return tx.again, err
}

func (tx *Tx) run(ctx context.Context, f func(tx *Tx) error) (err error) {
	db := tx.db
	entered := false
	err = db.observer.do(ctx, db.statement("BEGIN"), func(ctx context.Context) (err error) {
		if err := db.write.enter(ctx); err != nil {
			return err
		}
		entered = true
		tx.tx, err = db.write.BeginTxx(ctx, nil)
		return err
	})
	if entered {
		defer db.write.leave()
	}
	if err != nil {
		tx.failed(err)
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
	if err == nil {
		return nil
	}
	tx.again = tx.again || conflicts(err)
	if broken(err) {
		err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("commit transaction: %w", err)
}

// AfterCommit has hook called once the transaction is committed; not if it fails.
func (tx *Tx) AfterCommit(hook func()) { tx.hooks = append(tx.hooks, hook) }

// Dialect returns the engine.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// Get implements Queryer.
func (tx *Tx) Get(ctx context.Context, dest any, query string, args ...any) error {
	return tx.do(ctx, query, func(ctx context.Context, stmt runner) error {
		return stmt.GetContext(ctx, dest, args...)
	})
}

// Select implements Queryer.
func (tx *Tx) Select(ctx context.Context, dest any, query string, args ...any) error {
	return tx.do(ctx, query, func(ctx context.Context, stmt runner) error {
		return stmt.SelectContext(ctx, dest, args...)
	})
}

// Exec implements Queryer.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = tx.do(ctx, query, func(ctx context.Context, stmt runner) (err error) {
		affected, err = affectedRows(stmt.ExecContext(ctx, args...))
		return err
	})
	return affected, err
}

func (tx *Tx) do(ctx context.Context, query string, f func(context.Context, runner) error) error {
	s := tx.db.statement(query)
	err := tx.db.observer.do(ctx, s, func(ctx context.Context) error {
		stmt, err := tx.prepare(ctx, s)
		if err != nil {
			return err
		}
		return f(ctx, stmt)
	})
	tx.failed(err)
	return err
}

// failed notes why a statement before the commit failed, if it did: f may change
// or drop the error.
func (tx *Tx) failed(err error) {
	if err == nil {
		return
	}
	tx.again = tx.again || conflicts(err)
	if lost(err) {
		tx.db.write.dropIdle()
		tx.again = true
	}
}

// prepare returns s on this transaction's connection. A statement that the pool
// has not prepared yet is prepared for this transaction only and noted: the pool
// can't do it now, because its one connection may be this one.
func (tx *Tx) prepare(ctx context.Context, s *statement) (runner, error) {
	if stmt, ok := tx.stmts[s]; ok {
		return stmt, nil
	}
	if known := tx.db.write.slot(s).stmt.Load(); known != nil {
		tx.stmts[s] = tx.tx.StmtxContext(ctx, known)
		return tx.stmts[s], nil
	}
	if !s.cached {
		return unprepared{tx.tx, s.text}, nil
	}
	stmt, err := tx.tx.PreparexContext(ctx, s.text)
	if err != nil {
		return nil, err
	}
	tx.stmts[s] = stmt
	tx.learned = append(tx.learned, s)
	return stmt, nil
}

// learn prepares for the next transaction what this one met first.
func (db *DB) learn(ctx context.Context, learned []*statement) {
	for _, s := range learned {
		err := db.write.run(ctx, s, func(context.Context, runner) error { return nil })
		if err != nil {
			db.tel.Log.DebugContext(ctx, "statement not prepared ahead", "operation", s.operation, "table", s.collection, "error", err)
			return
		}
	}
}
