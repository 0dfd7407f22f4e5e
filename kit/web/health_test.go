package web_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/testkit"
	"shop/kit/web"
)

func up(details map[string]any) func(context.Context) (map[string]any, error) {
	return func(context.Context) (map[string]any, error) { return details, nil }
}

func down(context.Context) (map[string]any, error) {
	return map[string]any{"queue": "q"}, errors.New("dial tcp: secret")
}

func TestHealth(t *testing.T) {
	const start = `{"status":"STATUS","service":"Thing Service","version":"1.2.3"`
	database := web.Check{Name: "database", Critical: true, Probe: up(nil)}
	broker := web.Check{Name: "rabbitmq", Probe: up(map[string]any{"queue": "q", "exchange": "e", "status": "wrong"})}
	lost := web.Check{Name: "rabbitmq", Probe: down}
	away := web.Check{Name: "database", Critical: true, Probe: down}
	broken := web.Check{Name: "database", Critical: true, Probe: func(context.Context) (map[string]any, error) { panic("secret") }}
	tests := map[string]struct {
		checks       []web.Check
		status       int
		health, body string
		ready        int
	}{
		"nothing to check": {nil, 200, "healthy", "}", 200},
		"all is well": {[]web.Check{database, broker}, 200, "healthy",
			`,"database":{"status":"healthy"},"rabbitmq":{"exchange":"e","queue":"q","status":"healthy"}}`, 200},
		"the broker is lost": {[]web.Check{database, lost}, 200, "degraded",
			`,"database":{"status":"healthy"},"rabbitmq":{"queue":"q","status":"unhealthy"}}`, 200},
		"the database is away": {[]web.Check{away, lost}, 503, "unhealthy",
			`,"database":{"queue":"q","status":"unhealthy"},"rabbitmq":{"queue":"q","status":"unhealthy"}}`, 503},
		"a probe panics": {[]web.Check{broken}, 503, "unhealthy", `,"database":{"status":"unhealthy"}}`, 503},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := serving(t, web.Config{Checks: tt.checks})
			w := ask(h, "GET", "/health", "")
			want := strings.Replace(start, "STATUS", tt.health, 1) + tt.body
			if w.Code != tt.status || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, want)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (tt.status == 503) {
				t.Errorf("Retry-After %q with %d", got, tt.status)
			}
			if w := ask(h, "GET", "/readyz", ""); w.Code != tt.ready {
				t.Errorf("/readyz is %d %s, want %d", w.Code, w.Body, tt.ready)
			}
			if w := ask(h, "GET", "/livez", ""); w.Code != 200 || w.Body.String() != `{"status":"alive"}` {
				t.Errorf("/livez is %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestWelcome(t *testing.T) {
	const want = `{"message":"Welcome to Thing Service API","service":"Thing Service","version":"1.2.3","docs":"/docs","redoc":"/redoc"}`
	if w := ask(serving(t, web.Config{}), "GET", "/", ""); w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
}

func TestDrain(t *testing.T) {
	h := serving(t, web.Config{}, things()...)
	if w := ask(h, "GET", "/readyz", ""); w.Code != 200 || w.Body.String() != `{"status":"ready"}` {
		t.Errorf("%d %s, want ready", w.Code, w.Body)
	}
	h.Drain()
	w := ask(h, "GET", "/readyz", "")
	failed(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	for _, target := range []string{"/livez", "/health", "/things/7"} {
		if w := ask(h, "GET", target, ""); w.Code != 200 {
			t.Errorf("%s is %d while draining, want 200", target, w.Code)
		}
	}
}

func TestProbesThatHangAreGivenUpAndDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		release := make(chan struct{})
		hung := func(context.Context) (map[string]any, error) { // Ignores its context.
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			<-release
			return nil, nil
		}
		h := serving(t, web.Config{Checks: []web.Check{
			{Name: "database", Critical: true, Probe: hung}, {Name: "rabbitmq", Probe: down}, {Name: "redis", Probe: up(nil)},
		}})
		start := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				w := ask(h, "GET", "/health", "")
				if w.Code != 503 || !strings.Contains(w.Body.String(), `"redis":{"status":"healthy"}`) {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s for all of them", took)
		}
		if w := ask(h, "GET", "/readyz", ""); w.Code != 503 {
			t.Errorf("/readyz is %d, want 503", w.Code)
		}
		if most.Load() != 1 {
			t.Errorf("%d probes hang at a time, want 1", most.Load())
		}
		close(release)
		synctest.Wait()
		if w := ask(h, "GET", "/readyz", ""); w.Code != 200 {
			t.Errorf("/readyz is %d afterwards, want 200", w.Code)
		}
	})
}

func TestAnOutageIsLoggedOnceWithItsReason(t *testing.T) {
	var away atomic.Bool
	tel := testkit.Telemetry(t)
	h := serving(t, web.Config{Tel: tel.Telemetry, Checks: []web.Check{{Name: "redis", Probe: func(context.Context) (map[string]any, error) {
		if away.Load() {
			return nil, errors.New("connection refused")
		}
		return nil, nil
	}}}})
	for _, state := range []bool{false, true, true, true, false, false, true} {
		away.Store(state)
		ask(h, "GET", "/health", "")
	}
	lost, back := tel.Logs("dependency is down"), tel.Logs("dependency is up again")
	if len(lost) != 2 || len(back) != 1 || lost[0].Text("error") != "connection refused" || lost[0].Text("check") != "redis" {
		t.Errorf("down %v, up %v; want two outages and one return", lost, back)
	}
}
