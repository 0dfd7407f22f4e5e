package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/auth"
	"shop/kit/errs"
	"shop/kit/testkit"
)

const durations = "auth_validate_token_client_duration_seconds"

// userService answers POST /validate-token as the contract says: "good" is
// alice's token.
func userService(w http.ResponseWriter, r *http.Request) {
	var q map[string]any
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Method != http.MethodPost || r.URL.Path != "/validate-token" {
		http.Error(w, "unexpected question", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if q["token"] == "good" && len(q) == 1 && r.Header.Get("Authorization") == "" {
		_, _ = io.WriteString(w, `{"valid":true,"username":"alice","user_id":7,"message":"Token is valid"}`)
		return
	}
	_, _ = io.WriteString(w, `{"valid":false,"username":null,"user_id":null,"message":"Token is invalid or expired"}`)
}

// answering returns a service that answers everything with status and body.
func answering(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newClient(t *testing.T, base string, o auth.Options) (*auth.Client, *testkit.Captured) {
	t.Helper()
	tel := testkit.Telemetry(t)
	c, err := auth.NewClient(base, tel.Telemetry, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return c, tel
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestValidate(t *testing.T) {
	problem := func(code string) string { return fmt.Sprintf(`{"detail":"x","code":%q,"trace_id":""}`, code) }
	tests := map[string]struct {
		service http.HandlerFunc
		token   auth.Token
		want    error
		outcome string
	}{
		"valid":                   {userService, "good", nil, "valid"},
		"invalid":                 {userService, "bad", auth.ErrUnauthenticated, "invalid"},
		"no question of ours":     {answering(422, problem("validation_failed")), "good", auth.ErrUnauthenticated, "invalid"},
		"broken":                  {answering(500, problem("internal")), "good", auth.ErrAuthUnavailable, "error"},
		"overloaded":              {answering(503, problem("overloaded")), "good", auth.ErrAuthUnavailable, "error"},
		"limited":                 {answering(429, problem("limited")), "good", auth.ErrAuthUnavailable, "error"},
		"a proxy's error page":    {answering(502, "<html>"), "good", auth.ErrAuthUnavailable, "error"},
		"another program":         {answering(404, "not found"), "good", auth.ErrAuthUnavailable, "error"},
		"redirect":                {answering(302, "", "Location", "/login"), "good", auth.ErrAuthUnavailable, "error"},
		"no JSON":                 {answering(200, "OK"), "good", auth.ErrAuthUnavailable, "error"},
		"wrong types":             {answering(200, `{"valid":"yes"}`), "good", auth.ErrAuthUnavailable, "error"},
		"valid but nobody":        {answering(200, `{"valid":true}`), "good", auth.ErrAuthUnavailable, "error"},
		"valid without a name":    {answering(200, `{"valid":true,"user_id":7}`), "good", auth.ErrAuthUnavailable, "error"},
		"an answer without end":   {answering(200, `"`+strings.Repeat("a", 2<<20)), "good", auth.ErrAuthUnavailable, "error"},
		"an empty object":         {answering(200, `{}`), "good", auth.ErrUnauthenticated, "invalid"},
		"a closed connection":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "good", auth.ErrAuthUnavailable, "error"},
		"invalid, but with names": {answering(200, `{"valid":false,"username":"alice","user_id":7}`), "good", auth.ErrUnauthenticated, "invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, tel := newClient(t, serve(t, tt.service), auth.Options{})
			id, err := c.Validate(t.Context(), tt.token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Validate = %v, want %v", err, tt.want)
			}
			want := auth.Identity{}
			if tt.want == nil {
				want = auth.Identity{UserID: 7, Username: "alice"}
			}
			if id != want {
				t.Errorf("Validate = %+v, want %+v", id, want)
			}
			if n, _ := tel.Observations(durations, "outcome", tt.outcome); n != 1 {
				t.Errorf("outcome %s was observed %d times, want 1", tt.outcome, n)
			}
			if strings.Contains(tel.LogText(), "good") || (err != nil && strings.Contains(err.Error(), "good")) {
				t.Errorf("the token shows in a log or error: %v\n%s", err, tel.LogText())
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	c, tel := newClient(t, fmt.Sprintf("http://127.0.0.1:%d", testkit.FreePort(t)), auth.Options{})
	if _, err := c.Validate(t.Context(), "good"); !errors.Is(err, auth.ErrAuthUnavailable) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("Validate = %v, want ErrAuthUnavailable", err)
	}
	if n, _ := tel.Observations(durations, "outcome", "error"); n != 1 {
		t.Errorf("outcome error was observed %d times, want 1", n)
	}
}

func TestEveryMetricStartsAtZero(t *testing.T) {
	_, tel := newClient(t, "http://127.0.0.1:1", auth.Options{})
	if got, want := tel.Series(durations), 6; got != want {
		t.Errorf("%d outcomes, want %d", got, want)
	}
	if got := tel.Series("auth_validate_token_client_breaker_state"); got != 1 {
		t.Errorf("%d states of the breaker, want 1", got)
	}
}

// A service that hangs costs each request its deadline, five in a row open the
// breaker, and when the service is back everything works again by itself.
func TestHangingServiceOpensTheBreakerAndRecovers(t *testing.T) {
	var hanging atomic.Bool
	hanging.Store(true)
	release := make(chan struct{})
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hanging.Load() {
			<-release
			return
		}
		userService(w, r)
	}))
	t.Cleanup(func() { close(release) }) // Before the server closes, which waits for its requests.
	c, tel := newClient(t, base, auth.Options{Timeout: 30 * time.Millisecond, BreakFor: 50 * time.Millisecond})
	for range 5 {
		if _, err := c.Validate(t.Context(), "good"); !errors.Is(err, auth.ErrAuthUnavailable) {
			t.Fatalf("Validate = %v, want ErrAuthUnavailable", err)
		}
	}
	if n, _ := tel.Observations(durations, "outcome", "timeout"); n != 5 {
		t.Errorf("outcome timeout was observed %d times, want 5", n)
	}
	if _, err := c.Validate(t.Context(), "good"); !errors.Is(err, auth.ErrAuthUnavailable) {
		t.Errorf("Validate = %v, want ErrAuthUnavailable", err)
	}
	if n, _ := tel.Observations(durations, "outcome", "circuit_open"); n != 1 {
		t.Errorf("outcome circuit_open was observed %d times, want 1", n)
	}
	if state := tel.Value("auth_validate_token_client_breaker_state"); state == 0 {
		t.Error("the breaker's gauge says closed")
	}
	hanging.Store(false)
	testkit.Eventually(t, 10*time.Second, func() error {
		_, err := c.Validate(t.Context(), "good")
		return err
	}, "the service is asked again")
	if state := tel.Value("auth_validate_token_client_breaker_state"); state != 0 {
		t.Errorf("the breaker's gauge says %v, want closed", state)
	}
}

// Invalid tokens are the callers' fault: a crowd of them must not lock out
// those who have a valid one.
func TestInvalidTokensDoNotOpenTheBreaker(t *testing.T) {
	c, _ := newClient(t, serve(t, http.HandlerFunc(userService)), auth.Options{})
	for i := range 50 {
		if _, err := c.Validate(t.Context(), auth.Token(fmt.Sprint("bad", i))); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Fatalf("Validate = %v, want ErrUnauthenticated", err)
		}
	}
	if _, err := c.Validate(t.Context(), "good"); err != nil {
		t.Errorf("a valid token after 50 invalid: %v", err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	tel := testkit.Telemetry(t).Telemetry
	for name, o := range map[string]auth.Options{"a negative TTL": {CacheTTL: -1}, "a TTL beyond 5 s": {CacheTTL: 5*time.Second + 1}} {
		if _, err := auth.NewClient("http://127.0.0.1:1", tel, o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := auth.NewClient("user:8001", tel, auth.Options{}); err == nil {
		t.Error("an address without scheme was accepted")
	}
}
