package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/user/domain"
	"shop/user/ports"
)

// Sessions is the repository of live sessions.
type Sessions struct {
	db     *sqldb.DB
	rows   sqldb.Repository[sessionRow]
	tokens sqldb.Repository[refreshRow]
}

var _ ports.Sessions = Sessions{}

// NewSessions returns the sessions in db.
func NewSessions(db *sqldb.DB) Sessions {
	return Sessions{
		db:     db,
		rows:   sqldb.NewRepository[sessionRow]("sessions"),
		tokens: sqldb.NewRepository[refreshRow]("refresh_tokens"),
	}
}

type sessionRow struct {
	ID        string       `db:"id"`
	UserID    int64        `db:"user_id"`
	CreatedAt sqldb.Micros `db:"created_at"`
	ExpiresAt sqldb.Micros `db:"expires_at"`
}

type refreshRow struct {
	ID        string       `db:"id"`
	SessionID string       `db:"session_id"`
	ExpiresAt sqldb.Micros `db:"expires_at"`
	Spent     bool         `db:"spent"`
}

func toRefreshRow(r domain.Refresh) refreshRow {
	return refreshRow{string(r.Digest), string(r.Session), sqldb.From(r.ExpiresAt), r.Spent}
}

// Open implements ports.Sessions.
func (r Sessions) Open(ctx context.Context, s domain.Session, first domain.Refresh) error {
	return r.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := r.mayOpen(ctx, tx, s); err != nil {
			return err
		}
		row := sessionRow{string(s.ID), int64(s.User), sqldb.From(s.CreatedAt), sqldb.From(s.ExpiresAt)}
		if err := r.rows.Create(ctx, tx, &row); err != nil {
			return err
		}
		token := toRefreshRow(first)
		return r.tokens.Create(ctx, tx, &token)
	})
}

// mayOpen makes sure that the credentials that opened s still stand, and goes on
// standing until tx ends.
func (r Sessions) mayOpen(ctx context.Context, tx *sqldb.Tx, s domain.Session) error {
	if err := hold(ctx, tx, int64(s.User)); err != nil && !errors.Is(err, sqldb.ErrNotFound) {
		return fmt.Errorf("hold a user: %w", err)
	}
	var id int64
	err := tx.Get(ctx, &id, `SELECT id FROM users WHERE id = ? AND generation = ? AND is_active = ?`,
		int64(s.User), s.Generation, true)
	switch {
	case errors.Is(err, sqldb.ErrNotFound):
		return domain.ErrUserChanged
	case err != nil:
		return fmt.Errorf("look at the user of a new session: %w", err)
	}
	return nil
}

// Rotate implements ports.Sessions. What it refuses it refuses after the commit:
// that a stolen token was seen must not be rolled back.
func (r Sessions) Rotate(
	ctx context.Context, presented domain.Digest, next domain.Refresh, now time.Time,
) (session domain.Session, err error) {
	var refused error
	err = r.db.Tx(ctx, func(tx *sqldb.Tx) error {
		session, refused = domain.Session{}, nil
		row, err := r.tokens.Get(ctx, tx, string(presented))
		if errors.Is(err, sqldb.ErrNotFound) {
			refused = domain.ErrRefreshToken
			return nil
		} else if err != nil {
			return err
		}
		token := domain.Refresh{
			Digest: presented, Session: domain.SessionID(row.SessionID), ExpiresAt: row.ExpiresAt.Time(), Spent: row.Spent,
		}
		if refused = token.Spend(now); refused == nil {
			session, refused, err = r.exchange(ctx, tx, token, next)
		}
		if err == nil && errors.Is(refused, domain.ErrRefreshReused) {
			err = end(ctx, tx, token.Session)
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return domain.Session{}, err
	}
	return session, nil
}

// exchange prolongs the session first, which makes others wait who exchange one
// of its tokens, and then spends the token unless one of them has.
func (r Sessions) exchange(
	ctx context.Context, tx *sqldb.Tx, token, next domain.Refresh,
) (session domain.Session, refused, err error) {
	next.Session = token.Session
	n, err := tx.Exec(ctx, `UPDATE sessions SET expires_at = ? WHERE id = ?`, sqldb.From(next.ExpiresAt), string(next.Session))
	switch {
	case err != nil:
		return session, nil, fmt.Errorf("prolong a session: %w", err)
	case n == 0:
		return session, domain.ErrRefreshToken, nil
	}
	n, err = tx.Exec(ctx, `UPDATE refresh_tokens SET spent = ? WHERE id = ? AND spent = ?`, true, string(token.Digest), false)
	switch {
	case err != nil:
		return session, nil, fmt.Errorf("spend a refresh token: %w", err)
	case n == 0:
		return session, domain.ErrRefreshReused, nil
	}
	fresh := toRefreshRow(next)
	if err := r.tokens.Create(ctx, tx, &fresh); err != nil {
		return session, nil, err
	}
	row, err := r.rows.Get(ctx, tx, string(next.Session))
	if err != nil {
		return session, nil, err
	}
	return domain.Session{
		ID: next.Session, User: domain.UserID(row.UserID), CreatedAt: row.CreatedAt.Time(), ExpiresAt: row.ExpiresAt.Time(),
	}, nil, nil
}

// Close implements ports.Sessions.
func (r Sessions) Close(ctx context.Context, id domain.SessionID) error { return end(ctx, r.db, id) }

// end deletes a session; its refresh tokens go with it.
func end(ctx context.Context, q sqldb.Queryer, id domain.SessionID) error {
	if _, err := q.Exec(ctx, `DELETE FROM sessions WHERE id = ?`, string(id)); err != nil {
		return fmt.Errorf("delete a session: %w", err)
	}
	return nil
}

// Standing implements ports.Sessions: one prepared statement, two lookups by
// primary key.
func (r Sessions) Standing(
	ctx context.Context, user domain.UserID, session domain.SessionID,
) (domain.Standing, error) {
	var row struct {
		Name   string `db:"username"`
		Active bool   `db:"is_active"`
		Live   bool   `db:"live"`
	}
	err := r.db.Get(ctx, &row, `
		SELECT u.username, u.is_active, s.id IS NOT NULL AS live
		FROM users u LEFT JOIN sessions s ON s.id = ? AND s.user_id = u.id
		WHERE u.id = ?`, string(session), int64(user))
	switch {
	case errors.Is(err, sqldb.ErrNotFound):
		return domain.Standing{}, nil
	case err != nil:
		return domain.Standing{}, fmt.Errorf("select a standing: %w", err)
	}
	return domain.Standing{Name: row.Name, Active: row.Active, Live: row.Live}, nil
}

// Purge implements ports.Sessions.
func (r Sessions) Purge(ctx context.Context, now time.Time) (int64, error) {
	n, err := r.db.Exec(ctx, `DELETE FROM sessions WHERE expires_at < ?`, sqldb.From(now))
	if err != nil {
		return n, fmt.Errorf("delete expired sessions: %w", err)
	}
	return n, nil
}
