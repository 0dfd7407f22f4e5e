package app

import (
	"context"
	"errors"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// Register implements ports.Accounts.
func (a *App) Register(ctx context.Context, cmd ports.Register) (domain.User, error) {
	taken := domain.ErrUsernameTaken.With("username", cmd.Name.String())
	// Add decides; asking first spares the hashing for a name that is long taken.
	switch _, err := a.Users.ByName(ctx, cmd.Name.String()); {
	case err == nil:
		return domain.User{}, taken
	case !errors.Is(err, domain.ErrUserNotFound):
		return domain.User{}, fmt.Errorf("look for a user of the same name: %w", err)
	}
	hash, err := a.Hasher.Hash(ctx, cmd.Password)
	if err != nil {
		return domain.User{}, fmt.Errorf("hash a new password: %w", err)
	}
	user, err := a.Users.Add(ctx, domain.Register(cmd.Name, hash, cmd.Contact, a.Now()))
	switch {
	case errors.Is(err, domain.ErrUsernameTaken):
		return domain.User{}, taken
	case err != nil:
		return domain.User{}, fmt.Errorf("add a user: %w", err)
	}
	a.Journal.Record(ctx, ports.Event{Name: ports.Registered, User: user.ID, Address: cmd.Address})
	return user, nil
}

// Profile implements ports.Accounts.
func (a *App) Profile(ctx context.Context, id domain.UserID) (domain.User, error) {
	user, err := a.Users.Get(ctx, id)
	if err != nil {
		return user, fmt.Errorf("read a profile: %w", err)
	}
	return user, nil
}

// ChangeProfile implements ports.Accounts.
func (a *App) ChangeProfile(ctx context.Context, cmd ports.ChangeProfile) (domain.User, error) {
	if cmd.Password != nil {
		return a.changePassword(ctx, cmd)
	}
	user, err := a.Users.Change(ctx, cmd.Caller.User, "", func(u *domain.User) error {
		u.ChangeContact(cmd.Contact, a.Now())
		return nil
	})
	if err != nil {
		return user, fmt.Errorf("change contact data: %w", err)
	}
	return user, nil
}
