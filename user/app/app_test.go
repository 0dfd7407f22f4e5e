package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/user/adapters/jwt"
	"shop/user/adapters/memory"
	"shop/user/app"
	"shop/user/domain"
	"shop/user/ports"
)

const password = "mật khẩu"

// fixture is the core on fakes, with a clock that stands still.
type fixture struct {
	*app.App

	t       *testing.T
	clock   *testkit.Clock
	needs   app.Needs
	hasher  *memory.Hasher
	journal *memory.Journal
}

// settings change what the core needs before it is made.
func newFixture(t *testing.T, settings ...func(*app.Needs)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: testkit.NewClock(time.Time{}), hasher: memory.NewHasher("v1"), journal: &memory.Journal{}}
	signer, err := jwt.New(f.clock.Now, "HS256", []byte(strings.Repeat("key", 20)))
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	var ids, secrets atomic.Int64
	f.needs = app.Needs{
		Users: store.Users(), Sessions: store.Sessions(), Attempts: store.Attempts(),
		Hasher: f.hasher, Signer: signer, Journal: f.journal, Now: f.clock.Now,
		NewID:     func() string { return fmt.Sprint("id-", ids.Add(1)) },
		NewSecret: func() string { return fmt.Sprint("secret-", secrets.Add(1)) },
	}
	for _, change := range settings {
		change(&f.needs)
	}
	f.App = app.New(f.needs, app.Settings{AccessLifetime: 30 * time.Minute, RefreshLifetime: 14 * 24 * time.Hour})
	return f
}

func address(s string) domain.Address { return domain.NewAddress(netip.MustParseAddr(s)) }

func (f *fixture) register(name string) domain.User {
	f.t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		f.t.Fatal(err)
	}
	user, err := f.Register(f.t.Context(), ports.Register{Name: username, Password: domain.TypedPassword(password)})
	if err != nil {
		f.t.Fatal(err)
	}
	f.journal.Entries()
	return user
}

func (f *fixture) try(name, password, from string) (ports.Grant, error) {
	f.t.Helper()
	return f.Login(f.t.Context(), ports.Login{Name: name, Password: domain.TypedPassword(password), Address: address(from)})
}

func (f *fixture) login(name string) ports.Grant {
	f.t.Helper()
	grant, err := f.try(name, password, "10.0.0.1")
	if err != nil {
		f.t.Fatal(err)
	}
	return grant
}

func (f *fixture) caller(g ports.Grant) domain.Caller {
	f.t.Helper()
	caller, err := f.Check(f.t.Context(), g.Access)
	if err != nil {
		f.t.Fatal(err)
	}
	return caller
}

func (f *fixture) wantValid(g ports.Grant, valid bool) {
	f.t.Helper()
	if _, err := f.Check(f.t.Context(), g.Access); (err == nil) != valid {
		f.t.Errorf("the token is checked with %v, want valid = %v", err, valid)
	}
}

// wantEvents fails the test unless these events were recorded since the last
// look.
func (f *fixture) wantEvents(want ...ports.EventName) {
	f.t.Helper()
	var got []ports.EventName
	for _, e := range f.journal.Entries() {
		got = append(got, e.Name)
	}
	if !slices.Equal(got, want) {
		f.t.Errorf("events %q, want %q", got, want)
	}
}

// errAway is what storage says that is away.
var errAway = errors.New("the database is away")

type awayUsers struct{ ports.Users }

func (awayUsers) Get(context.Context, domain.UserID) (domain.User, error) {
	return domain.User{}, errAway
}

func (awayUsers) ByName(context.Context, string) (domain.User, error) {
	return domain.User{}, errAway
}

type awaySessions struct{ ports.Sessions }

func (awaySessions) Open(context.Context, domain.Session, domain.Refresh) error { return errAway }

func (awaySessions) Standing(context.Context, domain.UserID, domain.SessionID) (domain.Standing, error) {
	return domain.Standing{}, errAway
}

func (awaySessions) Rotate(context.Context, domain.Digest, domain.Refresh, time.Time) (domain.Session, error) {
	return domain.Session{}, errAway
}

func (awaySessions) Purge(context.Context, time.Time) (int64, error) { return 0, errAway }

type awayAttempts struct{ ports.Attempts }

func (awayAttempts) Of(context.Context, domain.Origin) (domain.Attempts, error) {
	return domain.Attempts{}, errAway
}
