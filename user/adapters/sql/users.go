package sql

import (
	"context"
	"errors"
	"fmt"

	"shop/kit/sqldb"
	"shop/user/domain"
	"shop/user/ports"
)

// Users is the repository of users.
type Users struct {
	db   *sqldb.DB
	rows sqldb.Repository[userRow]
}

var _ ports.Users = Users{}

// NewUsers returns the users in db.
func NewUsers(db *sqldb.DB) Users {
	return Users{db: db, rows: sqldb.NewRepository[userRow]("users", sqldb.Immutable("username", "username_key", "created_at"))}
}

// Add implements ports.Users.
func (r Users) Add(ctx context.Context, u domain.User) (domain.User, error) {
	row := toRow(u)
	err := r.rows.Create(ctx, r.db, &row)
	switch {
	case errors.Is(err, sqldb.ErrDuplicate):
		return domain.User{}, domain.ErrUsernameTaken.Wrap(err)
	case err != nil:
		return domain.User{}, err
	}
	return row.user(), nil
}

// Get implements ports.Users.
func (r Users) Get(ctx context.Context, id domain.UserID) (domain.User, error) {
	row, err := r.rows.Get(ctx, r.db, int64(id))
	if err != nil {
		return domain.User{}, absent(err, id)
	}
	return row.user(), nil
}

// ByName implements ports.Users.
func (r Users) ByName(ctx context.Context, name string) (domain.User, error) {
	exact := exactly + name
	rows, err := r.rows.List(ctx, r.db, sqldb.Query{Where: "username_key IN (?, ?)", Args: []any{exact, domain.NameKey(name)}})
	switch {
	case err != nil:
		return domain.User{}, err
	case len(rows) == 0:
		return domain.User{}, domain.ErrUserNotFound
	case len(rows) > 1 && rows[1].UsernameKey == exact:
		return rows[1].user(), nil
	}
	return rows[0].user(), nil
}

// List implements ports.Users.
func (r Users) List(ctx context.Context, after domain.UserID, limit int) ([]domain.User, error) {
	rows, err := r.rows.List(ctx, r.db, sqldb.Query{Where: "id > ?", Args: []any{int64(after)}, OrderBy: "id", Limit: limit})
	if err != nil {
		return nil, err
	}
	users := make([]domain.User, len(rows))
	for i, row := range rows {
		users[i] = row.user()
	}
	return users, nil
}

// Change implements ports.Users.
func (r Users) Change(
	ctx context.Context, id domain.UserID, keep domain.SessionID, f func(*domain.User) error,
) (domain.User, error) {
	var changed domain.User
	err := r.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := hold(ctx, tx, int64(id)); err != nil {
			return absent(err, id)
		}
		before, err := r.rows.Get(ctx, tx, int64(id))
		if err != nil {
			return absent(err, id)
		}
		user := before.user()
		if err := f(&user); err != nil {
			return err
		}
		after := toRow(user)
		after.Version, after.UsernameKey = before.Version, before.UsernameKey
		changed = after.user()
		if after == before {
			return nil
		}
		if err := r.rows.Update(ctx, tx, &after); err != nil {
			return err
		}
		if after.Generation == before.Generation {
			return nil
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND id <> ?`, int64(id), string(keep)); err != nil {
			return fmt.Errorf("end the sessions of a user: %w", err)
		}
		return nil
	})
	if err != nil {
		return domain.User{}, err
	}
	return changed, nil
}

// absent turns "no such row" into the domain's word for it.
func absent(err error, id domain.UserID) error {
	switch {
	case !errors.Is(err, sqldb.ErrNotFound):
		return err
	case id == 0:
		return domain.ErrUserNotFound.Wrap(err)
	}
	return domain.ErrUserNotFound.With("id", int64(id)).Wrap(err)
}
