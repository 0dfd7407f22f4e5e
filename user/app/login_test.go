package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/user/adapters/memory"
	"shop/user/app"
	"shop/user/domain"
	"shop/user/ports"
)

func TestLogin(t *testing.T) {
	for name, tc := range map[string]struct {
		user, password string
		want           error
		event          ports.EventName
	}{
		"the right password":             {"Anna", password, nil, ports.LoginOK},
		"in another letter case":         {"aNNA", password, nil, ports.LoginOK},
		"a wrong password":               {"Anna", "wrong", domain.ErrCredentials, ports.LoginBadPassword},
		"no password":                    {"Anna", "", domain.ErrCredentials, ports.LoginBadPassword},
		"a name that nobody has":         {"Berta", password, domain.ErrCredentials, ports.LoginUnknownUser},
		"a name that nobody can have":    {" \x00", password, domain.ErrCredentials, ports.LoginUnknownUser},
		"the right one, but deactivated": {"Gone", password, domain.ErrCredentials, ports.LoginInactive},
		"a wrong one, and deactivated":   {"Gone", "wrong", domain.ErrCredentials, ports.LoginBadPassword},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			anna := f.register("Anna")
			f.register("Gone")
			if _, err := f.SetActive(t.Context(), "gone", false); err != nil {
				t.Fatal(err)
			}
			f.journal.Entries()
			grant, err := f.try(tc.user, tc.password, "10.0.0.1")
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			// Whoever it is: one verification and no other hashing, so that the time tells nothing.
			if v, h := f.hasher.Verified.Load(), f.hasher.Hashed.Load(); v != 1 || h != 2 {
				t.Errorf("%d verifications and %d hashes, want 1 and the 2 of registering", v, h)
			}
			f.wantEvents(tc.event)
			if tc.want == nil {
				if caller := f.caller(grant); caller.User != anna.ID || caller.Name != "Anna" {
					t.Errorf("the token is that of %+v", caller)
				}
				if grant.Expires != 30*time.Minute {
					t.Errorf("expires in %v", grant.Expires)
				}
			} else if !grant.Access.IsZero() || !grant.Refresh.IsZero() {
				t.Error("tokens came with a refusal")
			}
		})
	}
}

func TestLoginRenewsAHashOfAnotherCost(t *testing.T) {
	old := memory.NewHasher("v0")
	f := newFixture(t, func(n *app.Needs) { n.Hasher = old })
	before := f.register("Anna")
	f.needs.Hasher = f.hasher
	f.App = app.New(f.needs, f.Settings)
	if _, err := f.try("Anna", "wrong", "10.0.0.1"); !errors.Is(err, domain.ErrCredentials) {
		t.Fatal(err)
	}
	if after, err := f.Profile(t.Context(), before.ID); err != nil || after.Hash != before.Hash {
		t.Errorf("a wrong password renewed the hash, %v", err)
	}
	token := f.login("Anna")
	after, err := f.Profile(t.Context(), before.ID)
	if err != nil || after.Hash == before.Hash || !after.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("the hash was not renewed, or more than it, %v", err)
	}
	f.login("Anna")
	f.wantValid(token, true)
	if again, err := f.Profile(t.Context(), before.ID); err != nil || again != after {
		t.Errorf("the second login changed something, %v", err)
	}
}

// meanwhile runs something between the check of a password and what follows.
type meanwhile struct {
	ports.Hasher
	then func()
}

func (m meanwhile) Verify(ctx context.Context, h domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	defer m.then()
	return m.Hasher.Verify(ctx, h, p)
}

func TestNoSessionForWhoIsDeactivatedWhileLoggingIn(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	f.needs.Hasher = meanwhile{f.hasher, func() {
		if _, err := f.SetActive(t.Context(), "Anna", false); err != nil {
			t.Error(err)
		}
	}}
	f.App = app.New(f.needs, f.Settings)
	if _, err := f.try("Anna", password, "10.0.0.1"); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("got %v, want ErrCredentials", err)
	}
	f.wantEvents(ports.Deactivated, ports.LoginInactive)
}

// wantWait fails the test unless a login is refused with this wait, unhashed.
func (f *fixture) wantWait(name, password, from string, wait time.Duration) {
	f.t.Helper()
	hashed := f.hasher.Verified.Load()
	_, err := f.try(name, password, from)
	if !errors.Is(err, domain.ErrLoginThrottled) || errs.Of(err).RetryAfter != wait {
		f.t.Errorf("%s from %s: got %v after %v, want ErrLoginThrottled after %v", name, from, err, errs.Of(err).RetryAfter, wait)
	}
	if f.hasher.Verified.Load() != hashed {
		f.t.Error("a password was hashed for a login that must wait")
	}
}

func (f *fixture) wantRefused(name, from string) {
	f.t.Helper()
	if _, err := f.try(name, "wrong", from); !errors.Is(err, domain.ErrCredentials) {
		f.t.Errorf("%s from %s: got %v, want ErrCredentials", name, from, err)
	}
}

func TestTenFailuresInARowLockTheAccountFromThere(t *testing.T) {
	for _, name := range []string{"Anna", "nobody has this name"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register("Anna")
			f.register("Berta")
			session := f.login("Anna")
			for range 10 {
				f.wantRefused(name, "10.0.0.1")
			}
			f.journal.Entries()
			f.wantWait(name, password, "10.0.0.1", 30*time.Second)
			f.wantEvents(ports.LoginLocked)
			f.clock.Advance(10 * time.Second)
			f.wantWait(name, "wrong", "10.0.0.1", 20*time.Second)

			f.wantRefused(name, "10.0.0.2")    // From elsewhere it may be tried.
			f.wantRefused("Berta", "10.0.0.1") // As may another account from there.
			f.wantValid(session, true)         // A token stays valid.

			f.clock.Advance(20 * time.Second)
			f.wantRefused(name, "10.0.0.1")
			f.wantWait(name, password, "10.0.0.1", time.Minute)
		})
	}
}

func TestASuccessEndsTheRowOfFailures(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	for range 3 {
		for range 9 {
			f.wantRefused("anna", "10.0.0.1")
		}
		f.login("ANNA")
	}
}

func TestTheWaitGrowsToAnHour(t *testing.T) {
	f := newFixture(t)
	for range 10 {
		f.wantRefused("anna", "10.0.0.1")
	}
	for _, wait := range []time.Duration{30, 60, 120, 240, 480, 960, 1920, 3600, 3600} {
		f.wantWait("anna", password, "10.0.0.1", wait*time.Second)
		f.clock.Advance(wait * time.Second)
		f.wantRefused("anna", "10.0.0.1")
	}
}

func TestAHundredFailuresFromEverywhereSlowTheAccountDown(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	session := f.login("Anna")
	for i := range 100 {
		f.wantRefused("Anna", fmt.Sprintf("10.0.%d.1", i))
	}
	f.journal.Entries()
	f.wantWait("Anna", password, "192.168.0.1", 30*time.Second)
	f.wantEvents(ports.LoginRateLimited)
	f.wantValid(session, true)
	f.clock.Advance(30 * time.Second)
	if _, err := f.try("Anna", password, "192.168.0.1"); err != nil {
		t.Errorf("after half a minute: %v", err)
	}
	f.wantWait("Anna", password, "192.168.0.1", 30*time.Second)
	f.clock.Advance(25 * time.Hour)
	f.login("Anna")
	f.login("Anna")
}

// The failures are in the storage: another replica, or this one after a restart,
// knows of them.
func TestFailuresOutliveTheProcess(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	for range 10 {
		f.wantRefused("Anna", "10.0.0.1")
	}
	f.App = app.New(f.needs, f.Settings)
	f.wantWait("Anna", password, "10.0.0.1", 30*time.Second)
}

func TestGuessesAtOnceAreCountedOneByOne(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	var all sync.WaitGroup
	results := make([]error, 40)
	for i := range results {
		all.Go(func() { _, results[i] = f.try("Anna", "wrong", "10.0.0.1") })
	}
	all.Wait()
	refused := 0
	for _, err := range results {
		switch {
		case errors.Is(err, domain.ErrCredentials):
			refused++
		case !errors.Is(err, domain.ErrLoginThrottled):
			t.Error(err)
		}
	}
	if got := f.hasher.Verified.Load(); refused != 10 || got != 10 {
		t.Errorf("%d of 40 guesses at once were answered and %d hashed, want 10", refused, got)
	}
}

func TestRightPasswordsAtOnceAllLogIn(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if _, err := f.try("Anna", password, "10.0.0.1"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// stuck never finishes a verification before it is let go.
type stuck struct {
	ports.Hasher
	entered, leave chan struct{}
}

func (s stuck) Verify(ctx context.Context, h domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	s.entered <- struct{}{}
	<-s.leave
	return s.Hasher.Verify(ctx, h, p)
}

func TestWhoWaitsForTheTurnGivesUpWithTheDeadline(t *testing.T) {
	busy := stuck{memory.NewHasher("v1"), make(chan struct{}), make(chan struct{})}
	f := newFixture(t, func(n *app.Needs) { n.Hasher = busy })
	var first sync.WaitGroup
	first.Go(func() { f.wantRefused("Anna", "10.0.0.1") })
	<-busy.entered
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := f.Login(ctx, ports.Login{Name: "anna", Address: address("10.0.0.2")})
	if !errors.Is(err, errs.ErrOverloaded) {
		t.Errorf("got %v, want ErrOverloaded", err)
	}
	busy.leave <- struct{}{}
	first.Wait()
	var next sync.WaitGroup
	next.Go(func() { f.wantRefused("Anna", "10.0.0.1") })
	<-busy.entered
	busy.leave <- struct{}{}
	next.Wait()
}

// A client that goes away after its wrong password was seen has failed all the
// same.
func TestAFailureCountsThoughTheClientHasGone(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.needs.Hasher = meanwhile{f.hasher, cancel}
	f.needs.Attempts = ifAlive{f.needs.Attempts}
	f.App = app.New(f.needs, f.Settings)
	_, err := f.Login(ctx, ports.Login{Name: "anna", Address: address("10.0.0.1")})
	if !errors.Is(err, domain.ErrCredentials) {
		t.Fatal(err)
	}
	got, err := f.needs.Attempts.Of(t.Context(), domain.Origin{NameKey: domain.NameKey("anna"), Address: address("10.0.0.1")})
	if err != nil || got.Here.Count != 1 {
		t.Errorf("%d failures are counted, %v", got.Here.Count, err)
	}
}

// ifAlive refuses, as a database does, what is asked after the context has ended.
type ifAlive struct{ ports.Attempts }

func (a ifAlive) Change(ctx context.Context, o domain.Origin, f func(domain.Attempts) domain.Attempts) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.Attempts.Change(ctx, o, f)
}

func TestStorageThatIsAwayIsNoWrongPassword(t *testing.T) {
	for name, change := range map[string]func(*app.Needs){
		"users":    func(n *app.Needs) { n.Users = awayUsers{n.Users} },
		"sessions": func(n *app.Needs) { n.Sessions = awaySessions{n.Sessions} },
		"failures": func(n *app.Needs) { n.Attempts = awayAttempts{n.Attempts} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register("Anna")
			change(&f.needs)
			f.App = app.New(f.needs, f.Settings)
			if _, err := f.try("Anna", password, "10.0.0.1"); !errors.Is(err, errAway) {
				t.Errorf("got %v, want the cause", err)
			}
			if events := f.journal.Entries(); slices.ContainsFunc(events, func(e ports.Event) bool { return e.Name == ports.LoginOK }) {
				t.Error("the login is recorded as done")
			}
		})
	}
}
