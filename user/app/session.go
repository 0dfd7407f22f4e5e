package app

import (
	"context"
	"errors"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// Refresh implements ports.Access.
func (a *App) Refresh(ctx context.Context, cmd ports.Refresh) (ports.Grant, error) {
	now := a.Now()
	refresh, next := a.newRefresh("", now)
	session, err := a.Sessions.Rotate(ctx, cmd.Token.Digest(), next, now)
	if err != nil {
		a.recordRefusedRefresh(ctx, cmd, err)
		return ports.Grant{}, fmt.Errorf("exchange a refresh token: %w", err)
	}
	user, err := a.Users.Get(ctx, session.User)
	if err != nil {
		return ports.Grant{}, fmt.Errorf("find the user of a session: %w", err)
	}
	access, err := a.sign(user, session.ID, now)
	if err != nil {
		return ports.Grant{}, err
	}
	a.Journal.Record(ctx, ports.Event{Name: ports.RefreshOK, User: user.ID, Session: session.ID, Address: cmd.Address})
	return ports.Grant{Access: access, Expires: a.AccessLifetime, Refresh: refresh}, nil
}

func (a *App) recordRefusedRefresh(ctx context.Context, cmd ports.Refresh, err error) {
	switch {
	case errors.Is(err, domain.ErrRefreshReused):
		a.Journal.Record(ctx, ports.Event{Name: ports.RefreshReuse, Address: cmd.Address})
	case errors.Is(err, domain.ErrRefreshToken):
		a.Journal.Record(ctx, ports.Event{Name: ports.RefreshInvalid, Address: cmd.Address})
	}
}

// Logout implements ports.Access.
func (a *App) Logout(ctx context.Context, cmd ports.Logout) error {
	if err := a.Sessions.Close(ctx, cmd.Caller.Session); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	a.Journal.Record(ctx, ports.Event{
		Name: ports.LoggedOut, User: cmd.Caller.User, Session: cmd.Caller.Session, Address: cmd.Address,
	})
	return nil
}

// Check implements ports.TokenChecker. Nothing is remembered between two checks:
// a token is refused from the moment its session ends.
func (a *App) Check(ctx context.Context, token domain.AccessToken) (domain.Caller, error) {
	claims, err := a.Signer.Parse(token)
	if err != nil {
		return domain.Caller{}, err
	}
	standing, err := a.Sessions.Standing(ctx, claims.User, claims.Session)
	if err != nil {
		return domain.Caller{}, fmt.Errorf("look up a token's session: %w", err)
	}
	return standing.Admit(claims)
}
