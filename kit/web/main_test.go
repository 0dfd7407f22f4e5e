package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"shop/kit/endpoint"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nothing reads nothing from a request.
func nothing(*http.Request) (endpoint.None, error) { return endpoint.None{}, nil }

// answering is a use case that returns resp or err.
func answering[Resp any](resp Resp, err error) endpoint.Endpoint {
	return endpoint.New(func(context.Context, endpoint.None) (Resp, error) { return resp, err })
}

// failing is the route GET /fail, which ends with err.
func failing(err error) web.Route {
	return web.Handle("GET /fail", http.StatusOK, answering("", err), nothing, func(string) web.Reply { return web.JSON(nil) })
}

// serving returns the handler of routes with defaults for what cfg leaves out.
func serving(t testing.TB, cfg web.Config, routes ...web.Route) *web.Handler {
	t.Helper()
	if cfg.Tel == nil {
		cfg.Tel = telemetry.Nop()
	}
	if cfg.Service == "" {
		cfg.Service, cfg.Version = "Thing Service", "1.2.3"
	}
	return web.NewHandler(cfg, routes)
}

// captured is serving with telemetry that the test reads.
func captured(t testing.TB, routes ...web.Route) (*web.Handler, *testkit.Captured) {
	t.Helper()
	tel := testkit.Telemetry(t)
	return serving(t, web.Config{Tel: tel.Telemetry}, routes...), tel
}

// ask sends one request; header lines are "Name: value".
func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.Background(), method, target, content)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// failure is an error body as clients read it, in either form.
type failure struct {
	Detail  any            `json:"detail"`
	Code    string         `json:"code"`
	TraceID string         `json:"trace_id"`
	Params  map[string]any `json:"params"`

	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Errors []fault `json:"errors"`
}

type fault struct {
	Loc    []any          `json:"loc"`
	Msg    string         `json:"msg"`
	Type   string         `json:"type"`
	Params map[string]any `json:"params"`
}

// failed checks that w is a complete error and returns it with its faults.
func failed(t testing.TB, w *httptest.ResponseRecorder, status int) (failure, []fault) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d; body %s", w.Code, status, w.Body)
	}
	var f failure
	d := json.NewDecoder(strings.NewReader(w.Body.String()))
	if err := d.Decode(&f); err != nil {
		t.Fatalf("error body %q: %v", w.Body, err)
	}
	if f.Code == "" || f.TraceID == "" || f.TraceID != w.Header().Get("X-Trace-Id") {
		t.Errorf("body %s with X-Trace-Id %q; want a code and that trace id", w.Body, w.Header().Get("X-Trace-Id"))
	}
	if list, ok := f.Detail.([]any); ok {
		b, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		var faults []fault
		if err := json.Unmarshal(b, &faults); err != nil {
			t.Fatalf("detail %s: %v", b, err)
		}
		return f, faults
	}
	return f, f.Errors
}
