package auth_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/auth"
	"shop/kit/testkit"
)

func TestPositiveAnswersAreCachedForTheTTLOnly(t *testing.T) {
	var requests atomic.Int32
	var revoked atomic.Bool
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if revoked.Load() {
			answering(200, `{"valid":false}`)(w, r)
			return
		}
		userService(w, r)
	}))
	clock := testkit.NewClock(time.Time{})
	c, tel := newClient(t, base, auth.Options{CacheTTL: 3 * time.Second, Now: clock.Now})
	validate := func(token auth.Token, want error, asked int32) {
		t.Helper()
		if _, err := c.Validate(t.Context(), token); !errors.Is(err, want) || requests.Load() != asked {
			t.Errorf("Validate = %v after %d requests, want %v after %d", err, requests.Load(), want, asked)
		}
	}
	validate("good", nil, 1)
	clock.Advance(2900 * time.Millisecond)
	revoked.Store(true)
	validate("good", nil, 1) // The bound of revocation.
	clock.Advance(100 * time.Millisecond)
	validate("good", auth.ErrUnauthenticated, 2)
	validate("good", auth.ErrUnauthenticated, 3) // Negative answers are never cached.
	if n, _ := tel.Observations(durations, "outcome", "cached"); n != 1 {
		t.Errorf("outcome cached was observed %d times, want 1", n)
	}
}

func TestWithoutTTLEveryRequestAsks(t *testing.T) {
	var requests atomic.Int32
	c, _ := newClient(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		userService(w, r)
	})), auth.Options{})
	for range 3 {
		if _, err := c.Validate(t.Context(), "good"); err != nil {
			t.Fatal(err)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// One connection serves request after request: the hop is kept alive.
func TestConnectionsAreKeptAlive(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(userService))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c, _ := newClient(t, s.URL, auth.Options{})
	for i := range 20 {
		if _, err := c.Validate(t.Context(), auth.Token([]string{"good", "bad"}[i%2])); err != nil && i%2 == 0 {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 requests one after another, want 1", n)
	}
}
