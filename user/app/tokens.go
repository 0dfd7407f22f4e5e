package app

import (
	"fmt"
	"time"

	"shop/user/domain"
)

// sign returns an access token of a session.
func (a *App) sign(u domain.User, session domain.SessionID, now time.Time) (domain.AccessToken, error) {
	token, err := a.Signer.Sign(domain.Claims{
		ID: a.NewID(), User: u.ID, Name: u.Name.String(), Session: session,
		IssuedAt: now, ExpiresAt: now.Add(a.AccessLifetime),
	})
	if err != nil {
		return token, fmt.Errorf("sign an access token: %w", err)
	}
	return token, nil
}

// newRefresh returns a new refresh token and what is to be kept of it.
func (a *App) newRefresh(session domain.SessionID, now time.Time) (domain.RefreshToken, domain.Refresh) {
	token := domain.PresentedRefreshToken(a.NewSecret())
	return token, domain.Refresh{Digest: token.Digest(), Session: session, ExpiresAt: now.Add(a.RefreshLifetime)}
}
