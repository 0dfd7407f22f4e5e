package app_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/user/app"
	"shop/user/domain"
	"shop/user/ports"
)

func (f *fixture) refresh(g ports.Grant) (ports.Grant, error) {
	f.t.Helper()
	return f.Refresh(f.t.Context(), ports.Refresh{Token: g.Refresh, Address: address("10.0.0.1")})
}

func TestRefreshGivesNewTokensOfTheSameSession(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	first := f.login("Anna")
	f.journal.Entries()
	f.clock.Advance(31 * time.Minute)
	f.wantValid(first, false)
	second, err := f.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	f.wantEvents(ports.RefreshOK)
	f.wantValid(second, true)
	if second.Refresh == first.Refresh || second.Access == first.Access {
		t.Error("a token came back")
	}
	f.clock.Advance(13 * 24 * time.Hour)
	if _, err := f.refresh(second); err != nil {
		t.Errorf("almost two weeks later: %v", err)
	}
}

func TestASecondUseOfARefreshTokenEndsTheSession(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	first, other := f.login("Anna"), f.login("Anna")
	second, err := f.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	f.journal.Entries()
	if _, err := f.refresh(first); !errors.Is(err, domain.ErrRefreshReused) {
		t.Errorf("got %v, want ErrRefreshReused", err)
	}
	f.wantEvents(ports.RefreshReuse)
	f.wantValid(first, false)
	f.wantValid(second, false)
	f.wantValid(other, true)
	if _, err := f.refresh(second); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("the newest token: got %v, want ErrRefreshToken", err)
	}
	f.wantEvents(ports.RefreshInvalid)
}

func TestTwoRefreshesAtOnce(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	first := f.login("Anna")
	var all sync.WaitGroup
	grants, results := make([]ports.Grant, 2), make([]error, 2)
	for i := range results {
		all.Go(func() { grants[i], results[i] = f.refresh(first) })
	}
	all.Wait()
	winner := slices.Index(results, nil)
	if winner < 0 || !errors.Is(results[1-winner], domain.ErrRefreshReused) {
		t.Fatalf("got %v, want one success and one ErrRefreshReused", results)
	}
	f.wantValid(grants[winner], false)
}

func TestARefreshTokenExpires(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	grant := f.login("Anna")
	f.clock.Advance(14 * 24 * time.Hour)
	if _, err := f.refresh(grant); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("got %v, want ErrRefreshToken", err)
	}
}

func TestLogoutEndsThisSessionAtOnce(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	here, phone := f.login("Anna"), f.login("Anna")
	again, err := f.refresh(here)
	if err != nil {
		t.Fatal(err)
	}
	f.journal.Entries()
	if err := f.Logout(t.Context(), ports.Logout{Caller: f.caller(again)}); err != nil {
		t.Fatal(err)
	}
	f.wantEvents(ports.LoggedOut)
	f.wantValid(here, false)
	f.wantValid(again, false)
	f.wantValid(phone, true)
	if _, err := f.refresh(again); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("the refresh token: got %v, want ErrRefreshToken", err)
	}
}

func TestCheckSaysWhyATokenIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*fixture, ports.Grant) domain.AccessToken
		want  error
	}{
		"nonsense": {func(*fixture, ports.Grant) domain.AccessToken { return domain.PresentedToken("x") }, domain.TokenMalformed},
		"expired": {func(f *fixture, g ports.Grant) domain.AccessToken {
			f.clock.Advance(30 * time.Minute)
			return g.Access
		}, domain.TokenExpired},
		"logged out": {func(f *fixture, g ports.Grant) domain.AccessToken {
			if err := f.Logout(f.t.Context(), ports.Logout{Caller: f.caller(g)}); err != nil {
				f.t.Fatal(err)
			}
			return g.Access
		}, domain.TokenRevoked},
		"deactivated": {func(f *fixture, g ports.Grant) domain.AccessToken {
			if _, err := f.SetActive(f.t.Context(), "Anna", false); err != nil {
				f.t.Fatal(err)
			}
			return g.Access
		}, domain.TokenRevoked},
		"deactivated and active again": {func(f *fixture, g ports.Grant) domain.AccessToken {
			for _, active := range []bool{false, true} {
				if _, err := f.SetActive(f.t.Context(), "Anna", active); err != nil {
					f.t.Fatal(err)
				}
			}
			return g.Access
		}, domain.TokenRevoked},
		"of someone who does not exist": {func(f *fixture, _ ports.Grant) domain.AccessToken {
			token, err := f.needs.Signer.Sign(domain.Claims{
				ID: "x", User: 99, Name: "Anna", Session: "id-1", IssuedAt: f.clock.Now(), ExpiresAt: f.clock.Now().Add(time.Hour),
			})
			if err != nil {
				f.t.Fatal(err)
			}
			return token
		}, domain.TokenUnknownUser},
		"of a session that never was": {func(f *fixture, g ports.Grant) domain.AccessToken {
			token, err := f.needs.Signer.Sign(domain.Claims{
				ID: "x", User: f.caller(g).User, Name: "Anna", Session: "never", IssuedAt: f.clock.Now(), ExpiresAt: f.clock.Now().Add(time.Hour),
			})
			if err != nil {
				f.t.Fatal(err)
			}
			return token
		}, domain.TokenRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register("Anna")
			token := tc.spoil(f, f.login("Anna"))
			if caller, err := f.Check(t.Context(), token); !errors.Is(err, tc.want) || caller != (domain.Caller{}) {
				t.Errorf("got %+v, %v; want %v", caller, err, tc.want)
			}
		})
	}
}

func TestACheckThatCannotTellIsNoRefusal(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	grant := f.login("Anna")
	f.needs.Sessions = awaySessions{f.needs.Sessions}
	f.App = app.New(f.needs, f.Settings)
	if _, err := f.Check(t.Context(), grant.Access); !errors.Is(err, errAway) {
		t.Errorf("got %v, want the cause", err)
	}
	if _, err := f.refresh(grant); !errors.Is(err, errAway) {
		t.Errorf("refresh: got %v, want the cause", err)
	}
	if err := f.Purge(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("purge: got %v, want the cause", err)
	}
}

func TestPurgeForgetsWhatHasNoUse(t *testing.T) {
	f := newFixture(t)
	anna := f.register("Anna")
	old := f.caller(f.login("Anna"))
	f.wantRefused("anna", "10.0.0.1")
	f.clock.Advance(14*24*time.Hour + time.Second)
	fresh := f.login("Anna")
	if err := f.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := f.needs.Sessions.Standing(t.Context(), anna.ID, old.Session); err != nil || s.Live {
		t.Errorf("the old session stands %+v, %v", s, err)
	}
	got, err := f.needs.Attempts.Of(t.Context(), domain.Origin{NameKey: domain.NameKey("anna"), Address: address("10.0.0.1")})
	if err != nil || !got.IsZero() {
		t.Errorf("still remembered: %+v, %v", got, err)
	}
	f.wantValid(fresh, true)
}
