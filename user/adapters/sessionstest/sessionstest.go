// Package sessionstest is the contract of ports.Sessions, and of the part of
// ports.Users that ends sessions, as tests that every adapter passes.
package sessionstest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"shop/user/adapters/userstest"
	"shop/user/domain"
	"shop/user/ports"
)

var (
	monday  = time.Date(2026, time.March, 16, 9, 0, 0, 123456000, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

// store is one storage with a user in it.
type store struct {
	users    ports.Users
	sessions ports.Sessions
	anna     domain.User
}

// Run tests the sessions that open returns, empty each time, beside the users of
// the same storage.
func Run(t *testing.T, open func(t *testing.T) (ports.Users, ports.Sessions)) {
	for name, test := range map[string]func(*testing.T, store){
		"an open session is live":                           live,
		"a closed session is not":                           closed,
		"a session belongs to one user":                     othersSession,
		"a user who does not exist has no standing":         nobody,
		"no session for who was deactivated meanwhile":      openInactive,
		"no session for a password that changed meanwhile":  openChanged,
		"a refresh token is exchanged":                      rotated,
		"a second use ends the session":                     reused,
		"of many who use one token at once one succeeds":    raced,
		"an expired token is refused and ends nothing":      expired,
		"an unknown token is refused":                       unknownToken,
		"a token of a closed session is refused":            closedToken,
		"a new password ends all sessions but the caller's": passwordChanged,
		"deactivation ends all sessions for good":           deactivated,
		"a change of contact data ends none":                contactChanged,
		"sessions of others stay":                           othersStay,
		"expired sessions are purged":                       purged,
	} {
		t.Run(name, func(t *testing.T) {
			users, sessions := open(t)
			test(t, store{users, sessions, userstest.Add(t, users, "anna")})
		})
	}
}

func token(id string, session domain.SessionID) domain.Refresh {
	return domain.Refresh{
		Digest: domain.PresentedRefreshToken(id).Digest(), Session: session, ExpiresAt: tuesday,
	}
}

// open opens a session with a refresh token of the same name.
func (s store) open(t *testing.T, u domain.User, id string) domain.Session {
	t.Helper()
	session := domain.Session{
		ID: domain.SessionID(id), User: u.ID, Generation: u.Generation, CreatedAt: monday, ExpiresAt: tuesday,
	}
	if err := s.sessions.Open(t.Context(), session, token(id, session.ID)); err != nil {
		t.Fatal(err)
	}
	return session
}

func (s store) rotate(t *testing.T, from, to string, now time.Time) (domain.Session, error) {
	t.Helper()
	next := token(to, "")
	next.ExpiresAt = now.Add(48 * time.Hour)
	return s.sessions.Rotate(t.Context(), domain.PresentedRefreshToken(from).Digest(), next, now)
}

// want fails the test unless each session is live as said.
func (s store) want(t *testing.T, lives map[string]bool) {
	t.Helper()
	for id, live := range lives {
		got, err := s.sessions.Standing(t.Context(), s.anna.ID, domain.SessionID(id))
		if err != nil || got.Live != live || got.Name != "anna" {
			t.Errorf("session %q stands %+v, %v; want live = %v", id, got, err, live)
		}
	}
}

func live(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	got, err := s.sessions.Standing(t.Context(), s.anna.ID, "one")
	if want := (domain.Standing{Name: "anna", Active: true, Live: true}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	s.want(t, map[string]bool{"one": true, "two": false, "": false})
}

func closed(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	s.open(t, s.anna, "two")
	for range 2 {
		if err := s.sessions.Close(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
	}
	s.want(t, map[string]bool{"one": false, "two": true})
}

func othersSession(t *testing.T, s store) {
	s.open(t, userstest.Add(t, s.users, "berta"), "hers")
	s.want(t, map[string]bool{"hers": false})
}

func nobody(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	if got, err := s.sessions.Standing(t.Context(), s.anna.ID+1, "one"); err != nil || got != (domain.Standing{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func (s store) mustNotOpen(t *testing.T) {
	t.Helper()
	session := domain.Session{ID: "late", User: s.anna.ID, Generation: s.anna.Generation, CreatedAt: monday, ExpiresAt: tuesday}
	if err := s.sessions.Open(t.Context(), session, token("late", "late")); !errors.Is(err, domain.ErrUserChanged) {
		t.Errorf("got %v, want ErrUserChanged", err)
	}
	s.want(t, map[string]bool{"late": false})
}

func (s store) change(t *testing.T, keep domain.SessionID, f func(u *domain.User)) {
	t.Helper()
	if _, err := s.users.Change(t.Context(), s.anna.ID, keep, func(u *domain.User) error { f(u); return nil }); err != nil {
		t.Fatal(err)
	}
}

func openInactive(t *testing.T, s store) {
	s.change(t, "", func(u *domain.User) { u.Deactivate(monday) })
	s.mustNotOpen(t)
	s.anna.Generation++ // Who read the user afterwards must not either.
	s.mustNotOpen(t)
	s.anna.ID += 100
	session := domain.Session{ID: "ghost", User: s.anna.ID, CreatedAt: monday, ExpiresAt: tuesday}
	if err := s.sessions.Open(t.Context(), session, token("ghost", "ghost")); !errors.Is(err, domain.ErrUserChanged) {
		t.Errorf("for nobody: got %v, want ErrUserChanged", err)
	}
}

func openChanged(t *testing.T, s store) {
	s.change(t, "", func(u *domain.User) { u.ChangePassword(domain.StoredHash("new"), monday) })
	s.mustNotOpen(t)
}

func rotated(t *testing.T, s store) {
	opened := s.open(t, s.anna, "one")
	got, err := s.rotate(t, "one", "next", monday)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != opened.ID || got.User != s.anna.ID || !got.CreatedAt.Equal(monday) || !got.ExpiresAt.Equal(monday.Add(48*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	if _, err := s.rotate(t, "next", "third", monday.Add(47*time.Hour)); err != nil {
		t.Errorf("the new token: %v", err)
	}
	s.want(t, map[string]bool{"one": true})
}

func reused(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	s.open(t, s.anna, "other")
	if _, err := s.rotate(t, "one", "next", monday); err != nil {
		t.Fatal(err)
	}
	if _, err := s.rotate(t, "one", "stolen", monday); !errors.Is(err, domain.ErrRefreshReused) {
		t.Errorf("got %v, want ErrRefreshReused", err)
	}
	s.want(t, map[string]bool{"one": false, "other": true})
	for _, name := range []string{"next", "stolen", "one"} {
		if _, err := s.rotate(t, name, "more", monday); !errors.Is(err, domain.ErrRefreshToken) {
			t.Errorf("token %q of the ended session: got %v, want ErrRefreshToken", name, err)
		}
	}
}

func raced(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	var all sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		all.Go(func() { _, results[i] = s.rotate(t, "one", fmt.Sprint("next ", i), monday) })
	}
	all.Wait()
	succeeded, reused := 0, 0
	for _, err := range results {
		switch {
		case err == nil:
			succeeded++
		case errors.Is(err, domain.ErrRefreshReused):
			reused++
		case !errors.Is(err, domain.ErrRefreshToken): // The session has ended already.
			t.Error(err)
		}
	}
	if succeeded != 1 || reused < 1 {
		t.Errorf("%d succeeded and %d were told of the reuse", succeeded, reused)
	}
	s.want(t, map[string]bool{"one": false})
}

func expired(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	if _, err := s.rotate(t, "one", "next", tuesday); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("got %v, want ErrRefreshToken", err)
	}
	s.want(t, map[string]bool{"one": true})
}

func unknownToken(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	if _, err := s.rotate(t, "made up", "next", monday); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("got %v, want ErrRefreshToken", err)
	}
	s.want(t, map[string]bool{"one": true})
}

func closedToken(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	if err := s.sessions.Close(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.rotate(t, "one", "next", monday); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("got %v, want ErrRefreshToken", err)
	}
}

func passwordChanged(t *testing.T, s store) {
	for _, id := range []string{"mine", "phone", "thief"} {
		s.open(t, s.anna, id)
	}
	s.change(t, "mine", func(u *domain.User) { u.ChangePassword(domain.StoredHash("new"), monday) })
	s.want(t, map[string]bool{"mine": true, "phone": false, "thief": false})
	if _, err := s.rotate(t, "mine", "next", monday); err != nil {
		t.Errorf("the caller's refresh token: %v", err)
	}
	if _, err := s.rotate(t, "thief", "next thief", monday); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("another's refresh token: got %v, want ErrRefreshToken", err)
	}
}

func deactivated(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	s.change(t, "", func(u *domain.User) { u.Deactivate(monday) })
	if got, err := s.sessions.Standing(t.Context(), s.anna.ID, "one"); err != nil || got.Active || got.Live {
		t.Errorf("got %+v, %v", got, err)
	}
	s.change(t, "", func(u *domain.User) { u.Activate(monday) })
	s.want(t, map[string]bool{"one": false})
}

func contactChanged(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	s.change(t, "", func(u *domain.User) {
		u.ChangeContact(domain.ContactChanges{Email: new(domain.Email)}, monday)
		u.RenewHash(u.Hash, domain.StoredHash("stronger"))
	})
	s.want(t, map[string]bool{"one": true})
}

func othersStay(t *testing.T, s store) {
	s.open(t, s.anna, "one")
	berta := userstest.Add(t, s.users, "berta")
	s.open(t, berta, "hers")
	_, err := s.users.Change(t.Context(), berta.ID, "", func(u *domain.User) error { u.Deactivate(monday); return nil })
	if err != nil {
		t.Fatal(err)
	}
	s.want(t, map[string]bool{"one": true})
}

func purged(t *testing.T, s store) {
	s.open(t, s.anna, "old")
	s.open(t, s.anna, "prolonged")
	if _, err := s.rotate(t, "prolonged", "next", monday); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1, 0} {
		if n, err := s.sessions.Purge(t.Context(), tuesday.Add(time.Second)); err != nil || n != want {
			t.Errorf("purged %d, %v; want %d", n, err, want)
		}
	}
	s.want(t, map[string]bool{"old": false, "prolonged": true})
}
