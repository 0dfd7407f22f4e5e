package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// SessionID identifies a session: a UUID.
type SessionID string

// Session is one login and all tokens that descend from it. A session that is
// stored is live; ending it deletes it, and every access and refresh token of it
// is invalid from that moment on.
type Session struct {
	ID         SessionID
	User       UserID
	Generation int64 // The user's, when the credentials were checked.
	CreatedAt  time.Time
	ExpiresAt  time.Time // When the last of its tokens has expired.
}

// RefreshToken is the secret that its holder exchanges, once, for new tokens.
type RefreshToken struct{ private }

// PresentedRefreshToken returns what a client presented as its refresh token.
func PresentedRefreshToken(s string) RefreshToken { return RefreshToken{private{s}} }

// Digest is what is kept of the token. The token has 256 random bits, so a plain
// hash cannot be guessed back.
func (t RefreshToken) Digest() Digest {
	sum := sha256.Sum256([]byte(t.text))
	return Digest(hex.EncodeToString(sum[:]))
}

// Digest identifies a refresh token without being one.
type Digest string

// Refresh is what is kept of one refresh token. Spent ones are kept as long as
// their session, so that a second use is noticed.
type Refresh struct {
	Digest    Digest
	Session   SessionID
	ExpiresAt time.Time
	Spent     bool
}

// Spend decides whether the token may be exchanged at now: ErrRefreshToken if it
// has expired, ErrRefreshReused if it has been exchanged before; then one of its
// two users is a thief and the session must end.
func (r Refresh) Spend(now time.Time) error {
	switch {
	case r.Spent:
		return ErrRefreshReused
	case !now.Before(r.ExpiresAt):
		return ErrRefreshToken
	}
	return nil
}
