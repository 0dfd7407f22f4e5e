package app

import (
	"context"
	"errors"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// maxAttemptRecords bounds what made-up names can fill the storage with.
const maxAttemptRecords = 100_000

// Contact implements ports.Directory.
func (a *App) Contact(ctx context.Context, id domain.UserID) (domain.User, error) {
	user, err := a.Users.Get(ctx, id)
	if err != nil {
		return user, fmt.Errorf("read a user's contact data: %w", err)
	}
	return user, nil
}

// List implements ports.Directory.
func (a *App) List(ctx context.Context, after domain.UserID, limit int) ([]domain.User, error) {
	users, err := a.Users.List(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// SetActive implements ports.Directory.
func (a *App) SetActive(ctx context.Context, name string, active bool) (domain.User, error) {
	user, err := a.Users.ByName(ctx, name)
	if err != nil {
		return user, fmt.Errorf("find a user by name: %w", err)
	}
	change, event := (*domain.User).Deactivate, ports.Deactivated
	if active {
		change, event = (*domain.User).Activate, ports.Activated
	}
	user, err = a.Users.Change(ctx, user.ID, "", func(u *domain.User) error {
		change(u, a.Now())
		return nil
	})
	if err != nil {
		return user, fmt.Errorf("change a user: %w", err)
	}
	a.Journal.Record(ctx, ports.Event{Name: event, User: user.ID})
	return user, nil
}

// Purge implements ports.Upkeep.
func (a *App) Purge(ctx context.Context) error {
	now := a.Now()
	_, sessions := a.Sessions.Purge(ctx, now)
	_, attempts := a.Attempts.Purge(ctx, now, maxAttemptRecords)
	if err := errors.Join(sessions, attempts); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	return nil
}
