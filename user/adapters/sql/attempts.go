package sql

import (
	"context"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/user/domain"
	"shop/user/ports"
)

// Attempts is the memory of failed logins.
type Attempts struct {
	db   *sqldb.DB
	rows sqldb.Repository[failuresRow]
}

var _ ports.Attempts = Attempts{}

// NewAttempts returns the failed logins in db.
func NewAttempts(db *sqldb.DB) Attempts {
	return Attempts{db: db, rows: sqldb.NewRepository[failuresRow]("login_failures")}
}

type failuresRow struct {
	ID       string       `db:"id"`
	Failures int          `db:"failures"`
	Since    sqldb.Micros `db:"since"`
	LastAt   sqldb.Micros `db:"last_at"`
}

// Of implements ports.Attempts.
func (r Attempts) Of(ctx context.Context, o domain.Origin) (domain.Attempts, error) {
	here, everywhere := o.Keys()
	rows, err := r.rows.List(ctx, r.db, sqldb.Query{Where: "id = ? OR id = ?", Args: []any{here, everywhere}})
	if err != nil {
		return domain.Attempts{}, err
	}
	return attempts(rows, here), nil
}

// Change implements ports.Attempts. The insert touches both records, whether they
// are there or not, so that they are this transaction's until it ends.
func (r Attempts) Change(ctx context.Context, o domain.Origin, f func(domain.Attempts) domain.Attempts) error {
	here, everywhere := o.Keys()
	return r.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var rows []failuresRow
		err := tx.Select(ctx, &rows, `
			INSERT INTO login_failures (id, failures, since, last_at) VALUES (?, 0, 0, 0), (?, 0, 0, 0)
			ON CONFLICT (id) DO UPDATE SET failures = login_failures.failures
			RETURNING id, failures, since, last_at`, here, everywhere)
		if err != nil {
			return fmt.Errorf("read failed logins to change them: %w", err)
		}
		after := f(attempts(rows, here))
		if err := r.put(ctx, tx, here, after.Here); err != nil {
			return err
		}
		return r.put(ctx, tx, everywhere, after.Everywhere)
	})
}

func (r Attempts) put(ctx context.Context, tx *sqldb.Tx, id string, f domain.Failures) error {
	if f.Count == 0 {
		return r.rows.Delete(ctx, tx, id)
	}
	return r.rows.Update(ctx, tx, &failuresRow{id, f.Count, sqldb.From(f.Since), sqldb.From(f.Last)})
}

func attempts(rows []failuresRow, here string) domain.Attempts {
	var a domain.Attempts
	for _, row := range rows {
		target := &a.Everywhere
		if row.ID == here {
			target = &a.Here
		}
		if row.Failures > 0 {
			*target = domain.Failures{Count: row.Failures, Since: row.Since.Time(), Last: row.LastAt.Time()}
		}
	}
	return a
}

// Purge implements ports.Attempts.
func (r Attempts) Purge(ctx context.Context, now time.Time, keep int) (int64, error) {
	since, last := domain.Memory(now)
	forgotten, err := r.db.Exec(ctx, `DELETE FROM login_failures WHERE last_at < ? AND since < ?`,
		sqldb.From(last), sqldb.From(since))
	if err != nil {
		return 0, fmt.Errorf("delete forgotten failures of login: %w", err)
	}
	surplus, err := r.db.Exec(ctx, `
		DELETE FROM login_failures
		WHERE last_at <= (SELECT last_at FROM login_failures ORDER BY last_at DESC LIMIT 1 OFFSET ?)`, keep)
	if err != nil {
		return forgotten, fmt.Errorf("delete surplus failures of login: %w", err)
	}
	return forgotten + surplus, nil
}
