package app

import (
	"context"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// changePassword verifies the current password under the same guard as a login,
// or whoever holds a stolen token could guess it, and then applies every change
// of cmd at once.
func (a *App) changePassword(ctx context.Context, cmd ports.ChangeProfile) (domain.User, error) {
	seen, err := a.Users.Get(ctx, cmd.Caller.User)
	if err != nil {
		return seen, fmt.Errorf("read the user of a new password: %w", err)
	}
	origin := domain.Origin{NameKey: seen.Name.Key(), Address: cmd.Address}
	var right bool
	err = a.guarded(ctx, origin, func() (bool, error) {
		verdict, err := a.Hasher.Verify(ctx, seen.Hash, cmd.Password.Current)
		right = verdict.Match
		return right, err
	})
	if err != nil {
		return domain.User{}, err
	}
	entry := ports.Event{Name: ports.PasswordChanged, User: seen.ID, Session: cmd.Caller.Session, Address: cmd.Address}
	if !right {
		entry.Name = ports.PasswordRefused
		a.Journal.Record(ctx, entry)
		return domain.User{}, domain.ErrWrongPassword
	}
	hash, err := a.Hasher.Hash(ctx, cmd.Password.New)
	if err != nil {
		return domain.User{}, fmt.Errorf("hash a new password: %w", err)
	}
	user, err := a.Users.Change(ctx, seen.ID, cmd.Caller.Session, func(u *domain.User) error {
		if u.Generation != seen.Generation {
			return domain.ErrUserChanged
		}
		u.ChangeContact(cmd.Contact, a.Now())
		u.ChangePassword(hash, a.Now())
		return nil
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("change a password: %w", err)
	}
	a.Journal.Record(ctx, entry)
	return user, nil
}
