package ports

import (
	"context"
	"time"

	"shop/user/domain"
)

// Users is the repository of users.
type Users interface {
	// Add stores a new user and returns it with its ID; ErrUsernameTaken if the
	// key of its name is in use, also when two are added at the same moment.
	Add(ctx context.Context, u domain.User) (domain.User, error)
	// Get returns ErrUserNotFound if there is none.
	Get(ctx context.Context, id domain.UserID) (domain.User, error)
	// ByName finds who goes by exactly this name, else who goes by it in another
	// spelling (see domain.NameKey); ErrUserNotFound. No two users that were added
	// differ by spelling only, but those of an older system may.
	ByName(ctx context.Context, name string) (domain.User, error)
	// List returns at most limit users with ids above after, in order of ids.
	List(ctx context.Context, after domain.UserID, limit int) ([]domain.User, error)
	// Change reads a user, lets f change it and stores the outcome as one step:
	// no two changes of a user get mixed. If f raises the Generation, all
	// sessions of the user but keep end in that same step; an empty keep spares
	// none. f may be called again on a fresher user. If f returns an error nothing
	// changes and that error comes back; ErrUserNotFound.
	Change(ctx context.Context, id domain.UserID, keep domain.SessionID, f func(*domain.User) error) (domain.User, error)
}

// Sessions is the repository of live sessions and their refresh tokens.
type Sessions interface {
	// Open stores a session with its first refresh token, but only while its user
	// is active and of the session's Generation: ErrUserChanged otherwise.
	Open(ctx context.Context, s domain.Session, first domain.Refresh) error
	// Rotate exchanges the refresh token with this digest for next (whose Session
	// is filled in) and prolongs the session to next.ExpiresAt, as one step: of
	// several who present one token at once exactly one succeeds. It returns the
	// session. ErrRefreshToken if there is no such token or it has expired at now;
	// ErrRefreshReused if it was spent, and then the session has ended.
	Rotate(ctx context.Context, presented domain.Digest, next domain.Refresh, now time.Time) (domain.Session, error)
	// Close ends a session; one that does not exist has ended already.
	Close(ctx context.Context, id domain.SessionID) error
	// Standing returns what a token's validity depends on, in one read: every
	// authenticated request of the system waits for it. A user who does not exist
	// has the zero Standing.
	Standing(ctx context.Context, user domain.UserID, session domain.SessionID) (domain.Standing, error)
	// Purge deletes sessions that expired before now and returns how many.
	Purge(ctx context.Context, now time.Time) (int64, error)
}

// Attempts remembers failed logins, across restarts and for all replicas.
type Attempts interface {
	// Of returns what is remembered of an origin.
	Of(ctx context.Context, o domain.Origin) (domain.Attempts, error)
	// Change applies f to what is remembered of an origin as one step, so that no
	// failure goes uncounted. f may be called more than once.
	Change(ctx context.Context, o domain.Origin, f func(domain.Attempts) domain.Attempts) error
	// Purge drops what is forgotten at now, and the oldest records beyond the
	// newest keep ones: made-up names must not fill the storage. It returns how
	// many it dropped.
	Purge(ctx context.Context, now time.Time, keep int) (int64, error)
}

// Hasher turns passwords into hashes, slowly on purpose. A hasher that is busy
// lets callers wait within their deadline and refuses with errs.ErrOverloaded
// whom it could not serve in time.
type Hasher interface {
	Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error)
	// Verify compares p with a hash. The zero hash, which stands for a user who
	// does not exist, matches nothing and costs the same time as any other.
	Verify(ctx context.Context, h domain.PasswordHash, p domain.Password) (Verdict, error)
}

// Verdict is the outcome of comparing a password with a hash.
type Verdict struct {
	Match bool
	// Renewed, unless zero, is a hash of the same password that should replace
	// the old one, whose cost is no longer the configured one.
	Renewed domain.PasswordHash
}

// Signer makes and reads access tokens.
type Signer interface {
	Sign(c domain.Claims) (domain.AccessToken, error)
	// Parse returns the claims of a token that this service has signed and that
	// is valid now by its own times; otherwise one of the refusals
	// TokenMalformed, TokenSignature and TokenExpired.
	Parse(t domain.AccessToken) (domain.Claims, error)
}

// Journal records what matters to security. It never fails: what it cannot
// record it reports itself.
type Journal interface {
	Record(ctx context.Context, e Event)
}

// Event is one entry of the journal. It holds no secret and no contact data.
type Event struct {
	Name    EventName
	User    domain.UserID // 0 = unknown.
	Session domain.SessionID
	Address domain.Address
	Wait    time.Duration // How long a throttled login must wait.
}

// EventName says what happened.
type EventName string

// The events.
const (
	LoginOK          EventName = "login_ok"
	LoginBadPassword EventName = "login_bad_password"
	LoginUnknownUser EventName = "login_unknown_user"
	LoginInactive    EventName = "login_inactive"
	LoginLocked      EventName = EventName(domain.Locked)
	LoginRateLimited EventName = EventName(domain.SlowedDown)
	Registered       EventName = "register"
	LoggedOut        EventName = "logout"
	RefreshOK        EventName = "refresh_ok"
	RefreshInvalid   EventName = "refresh_invalid"
	RefreshReuse     EventName = "refresh_reuse"
	PasswordChanged  EventName = "password_change"
	PasswordRefused  EventName = "password_change_refused"
	Activated        EventName = "activate"
	Deactivated      EventName = "deactivate"
)

// EventNames returns every event, so that each can be counted from zero.
func EventNames() []EventName {
	return []EventName{
		LoginOK, LoginBadPassword, LoginUnknownUser, LoginInactive, LoginLocked, LoginRateLimited, Registered, LoggedOut,
		RefreshOK, RefreshInvalid, RefreshReuse, PasswordChanged, PasswordRefused, Activated, Deactivated,
	}
}
