// Package ports is the boundary of the user service's core: what the core
// offers (inbound) and what it needs (outbound).
package ports

import (
	"context"
	"time"

	"shop/user/domain"
)

// Accounts is what people do with their own account.
type Accounts interface {
	// Register adds an active user; ErrUsernameTaken if someone has the name in
	// whatever letter case.
	Register(ctx context.Context, cmd Register) (domain.User, error)
	// Profile returns a user; ErrUserNotFound.
	Profile(ctx context.Context, id domain.UserID) (domain.User, error)
	// ChangeProfile changes contact data, the password, or both at once. A new
	// password ends every session of the user but the caller's. ErrWrongPassword
	// and ErrLoginThrottled speak of the current password, which is guarded like
	// a login.
	ChangeProfile(ctx context.Context, cmd ChangeProfile) (domain.User, error)
}

// Register is the wish for a new account.
type Register struct {
	Name     domain.Username
	Password domain.Password
	Contact  domain.Contact
	Address  domain.Address // Where the request comes from.
}

// ChangeProfile is the caller's wish to change the own account.
type ChangeProfile struct {
	Caller   domain.Caller
	Contact  domain.ContactChanges
	Password *PasswordChange // nil = keeps the password.
	Address  domain.Address
}

// PasswordChange proves the current password and names the next one.
type PasswordChange struct{ Current, New domain.Password }

// Access is logging in and out.
type Access interface {
	// Login opens a session. ErrCredentials for an unknown name, a wrong password
	// and an inactive user alike; ErrLoginThrottled, with the wait, when the
	// account has seen too many failures, even for the right password.
	Login(ctx context.Context, cmd Login) (Grant, error)
	// Refresh exchanges a refresh token for new tokens of the same session.
	// ErrRefreshToken, or ErrRefreshReused if it was exchanged before, which ends
	// the session.
	Refresh(ctx context.Context, cmd Refresh) (Grant, error)
	// Logout ends the caller's session; every token of it is invalid at once.
	Logout(ctx context.Context, cmd Logout) error
	TokenChecker
}

// TokenChecker tells valid access tokens from others.
type TokenChecker interface {
	// Check returns who bears the token, or a domain.TokenRefusal. Any other
	// error means that it could not be told.
	Check(ctx context.Context, token domain.AccessToken) (domain.Caller, error)
}

// Login is someone's claim to be the user of a name.
type Login struct {
	Name     string // As typed: any text.
	Password domain.Password
	Address  domain.Address
}

// Refresh is the wish to exchange a refresh token.
type Refresh struct {
	Token   domain.RefreshToken
	Address domain.Address
}

// Logout is the wish to end the caller's session.
type Logout struct {
	Caller  domain.Caller
	Address domain.Address
}

// Grant is what a client holds after logging in.
type Grant struct {
	Access  domain.AccessToken
	Expires time.Duration // Until Access expires.
	Refresh domain.RefreshToken
}

// Directory is what other services and the operator ask about users.
type Directory interface {
	// Contact returns a user, active or not; ErrUserNotFound.
	Contact(ctx context.Context, id domain.UserID) (domain.User, error)
	// List returns at most limit users with ids above after, in order of their
	// ids.
	List(ctx context.Context, after domain.UserID, limit int) ([]domain.User, error)
	// SetActive activates or deactivates the user of this name, in whatever
	// letter case; ErrUserNotFound. Deactivating ends all sessions of the user.
	SetActive(ctx context.Context, name string, active bool) (domain.User, error)
}

// Upkeep forgets what has no use any more.
type Upkeep interface {
	// Purge removes expired sessions and forgotten failures of login.
	Purge(ctx context.Context) error
}
