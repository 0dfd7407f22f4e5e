package domain

import "time"

// AccessToken is a signed token that proves, for some minutes, who its bearer
// is.
type AccessToken struct{ private }

// PresentedToken returns what a client presented as its access token.
func PresentedToken(s string) AccessToken { return AccessToken{private{s}} }

// Claims are what an access token says.
type Claims struct {
	ID        string // Unique to this token.
	User      UserID
	Name      string // The user's name when the token was made.
	Session   SessionID
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Caller is who makes a request, proven by a valid access token.
type Caller struct {
	User    UserID
	Name    string
	Session SessionID
}

// TokenRefusal is why an access token is not valid. Clients are told no more
// than that it is not.
type TokenRefusal string

// The refusals, from "no token at all" to "was valid until a moment ago".
const (
	TokenMalformed   TokenRefusal = "malformed"
	TokenSignature   TokenRefusal = "bad_signature"
	TokenExpired     TokenRefusal = "expired"
	TokenUnknownUser TokenRefusal = "unknown_user"
	TokenRevoked     TokenRefusal = "revoked"
)

func (r TokenRefusal) Error() string { return "token refused: " + string(r) }

// Standing is what storage knows about the user and the session that a token
// names.
type Standing struct {
	Name   string
	Active bool
	Live   bool // The session exists and belongs to the user.
}

// Admit decides whether a token whose signature and times are right is valid.
func (s Standing) Admit(c Claims) (Caller, error) {
	switch {
	case s.Name != c.Name:
		return Caller{}, TokenUnknownUser
	case !s.Active || !s.Live:
		return Caller{}, TokenRevoked
	}
	return Caller{User: c.User, Name: c.Name, Session: c.Session}, nil
}
