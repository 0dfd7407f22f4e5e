package app

import (
	"context"
	"errors"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// Login implements ports.Access.
func (a *App) Login(ctx context.Context, cmd ports.Login) (ports.Grant, error) {
	origin := domain.Origin{NameKey: domain.NameKey(cmd.Name), Address: cmd.Address}
	var user domain.User
	var event ports.EventName
	err := a.guarded(ctx, origin, func() (bool, error) {
		var err error
		user, event, err = a.prove(ctx, cmd.Name, cmd.Password)
		return event == ports.LoginOK, err
	})
	if err != nil {
		return ports.Grant{}, err
	}
	var grant ports.Grant
	if event == ports.LoginOK {
		grant, err = a.open(ctx, user)
		switch {
		case errors.Is(err, domain.ErrUserChanged): // Deactivated, or given a new password, while this one was verified.
			event = ports.LoginInactive
		case err != nil:
			return ports.Grant{}, err
		}
	}
	a.Journal.Record(ctx, ports.Event{Name: event, User: user.ID, Address: cmd.Address})
	if event != ports.LoginOK {
		return ports.Grant{}, domain.ErrCredentials
	}
	return grant, nil
}

// prove finds the user of a name and verifies the password. A user who does not
// exist has the zero hash, so that the same work is done for a name that nobody
// has.
func (a *App) prove(ctx context.Context, name string, p domain.Password) (domain.User, ports.EventName, error) {
	user, err := a.Users.ByName(ctx, name)
	known := !errors.Is(err, domain.ErrUserNotFound)
	if err != nil && known {
		return user, "", fmt.Errorf("find the user who logs in: %w", err)
	}
	verdict, err := a.Hasher.Verify(ctx, user.Hash, p)
	switch {
	case err != nil:
		return user, "", fmt.Errorf("verify a password: %w", err)
	case !known:
		return user, ports.LoginUnknownUser, nil
	case !verdict.Match:
		return user, ports.LoginBadPassword, nil
	case !user.Active:
		return user, ports.LoginInactive, nil
	case !verdict.Renewed.IsZero():
		err = a.renew(ctx, user, verdict.Renewed)
	}
	return user, ports.LoginOK, err
}

func (a *App) renew(ctx context.Context, user domain.User, renewed domain.PasswordHash) error {
	_, err := a.Users.Change(ctx, user.ID, "", func(u *domain.User) error {
		u.RenewHash(user.Hash, renewed)
		return nil
	})
	if err != nil {
		return fmt.Errorf("renew a password hash: %w", err)
	}
	return nil
}

func (a *App) open(ctx context.Context, user domain.User) (ports.Grant, error) {
	now, id := a.Now(), domain.SessionID(a.NewID())
	access, err := a.sign(user, id, now)
	if err != nil {
		return ports.Grant{}, err
	}
	refresh, kept := a.newRefresh(id, now)
	session := domain.Session{ID: id, User: user.ID, Generation: user.Generation, CreatedAt: now, ExpiresAt: kept.ExpiresAt}
	if err := a.Sessions.Open(ctx, session, kept); err != nil {
		return ports.Grant{}, fmt.Errorf("open a session: %w", err)
	}
	return ports.Grant{Access: access, Expires: a.AccessLifetime, Refresh: refresh}, nil
}
