package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/web"
)

func TestServerSpans(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	tests := map[string]struct {
		method, target string
		name           string
		attributes     map[string]string
		failed         bool
	}{
		"a route": {"GET", "/things/7?token=secret", "GET /things/{id}", map[string]string{
			"http.request.method": "GET", "http.route": "/things/{id}", "url.path": "/things/7", "url.scheme": "http", "http.response.status_code": "200",
		}, false},
		"HEAD":                 {"HEAD", "/things/7", "HEAD /things/{id}", map[string]string{"http.request.method": "HEAD", "http.route": "/things/{id}"}, false},
		"a client's fault":     {"GET", "/things/x", "GET /things/{id}", map[string]string{"http.response.status_code": "422", "error.type": ""}, false},
		"a server's fault":     {"GET", "/fail", "GET /fail", map[string]string{"http.response.status_code": "503", "error.type": "overloaded"}, true},
		"no route":             {"GET", "/nothing/7", "GET", map[string]string{"http.route": "", "http.response.status_code": "404"}, false},
		"a method of nobody's": {"BREW", "/things/7", "HTTP", map[string]string{"http.request.method": "_OTHER", "http.response.status_code": "405"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, tel := captured(t, append(things(), failing(errs.ErrOverloaded))...)
			w := ask(h, tt.method, tt.target, "", "Traceparent: "+parent)
			spans := tel.Spans("")
			if len(spans) != 1 {
				t.Fatalf("%d spans, want 1", len(spans))
			}
			span := spans[0]
			if span.Name() != tt.name || span.SpanKind() != trace.SpanKindServer {
				t.Errorf("span %q of kind %v, want %q of a server", span.Name(), span.SpanKind(), tt.name)
			}
			if got := w.Header().Get("X-Trace-Id"); got != "0af7651916cd43dd8448eb211c80319c" || span.Parent().SpanID().String() != "b7ad6b7169203331" {
				t.Errorf("trace %s with the parent %s, want the caller's", got, span.Parent().SpanID())
			}
			got := map[string]string{}
			for _, a := range span.Attributes() {
				got[string(a.Key)] = a.Value.String()
				if strings.Contains(a.Value.String(), "secret") {
					t.Errorf("the span shows the query: %v", a)
				}
			}
			for key, want := range tt.attributes {
				if got[key] != want {
					t.Errorf("%s = %q, want %q", key, got[key], want)
				}
			}
			if (span.Status().Code == codes.Error) != tt.failed {
				t.Errorf("status %v, want an error: %t", span.Status(), tt.failed)
			}
		})
	}
}

func TestProbesAndPagesMakeNoSpans(t *testing.T) {
	h, tel := captured(t, things()...)
	for _, target := range []string{"/", "/health", "/livez", "/readyz"} {
		ask(h, "GET", target, "")
	}
	if spans := tel.Spans(""); len(spans) > 0 {
		t.Errorf("%d spans, the first %q", len(spans), spans[0].Name())
	}
}

func TestTheUseCaseRunsInsideOfTheTrace(t *testing.T) {
	var ctx context.Context
	h := serving(t, web.Config{}, web.Handle("GET /x", 200, endpoint.New(
		func(c context.Context, _ endpoint.None) (string, error) { ctx = c; return "", nil }), nothing, func(string) web.Reply { return web.JSON(1) }))
	w := ask(h, "GET", "/x", "", "X-Request-Id: mine")
	if got := telemetry.TraceID(ctx); got != w.Header().Get("X-Trace-Id") || telemetry.RequestID(ctx) != "mine" {
		t.Errorf("trace %q and request %q, want %q and mine", got, telemetry.RequestID(ctx), w.Header().Get("X-Trace-Id"))
	}
}

func TestServerMetrics(t *testing.T) {
	const name = "http_server_request_duration_seconds"
	h, tel := captured(t, append(things(), failing(errs.ErrOverloaded))...)
	for _, request := range []string{"GET /things/7", "GET /things/8", "HEAD /things/8", "GET /things/x", "GET /nothing", "BREW /things/7", "GET /fail", "GET /livez"} {
		method, target, _ := strings.Cut(request, " ")
		ask(h, method, target, "")
	}
	for labels, want := range map[string]uint64{
		"GET /things/{id} 200": 2, "HEAD /things/{id} 200": 1, "GET /things/{id} 422": 1, "GET other 404": 1, "_OTHER other 405": 1,
		"GET /fail 503": 1, "GET /livez 200": 1,
	} {
		l := strings.Fields(labels)
		if got, _ := tel.Observations(name, "http_request_method", l[0], "http_route", l[1], "http_response_status_code", l[2]); got != want {
			t.Errorf("%s was seen %d times, want %d", labels, got, want)
		}
	}
	if got := tel.Value("http_server_active_requests"); got != 0 {
		t.Errorf("%v requests are active, want none", got)
	}
}

func TestActiveRequestsAreCounted(t *testing.T) {
	tel := testkit.Telemetry(t)
	seen := 0.0
	h := serving(t, web.Config{Tel: tel.Telemetry}, web.Handle("GET /x", 200, endpoint.New(func(context.Context, endpoint.None) (string, error) {
		seen = tel.Value("http_server_active_requests", "http_request_method", "GET")
		panic("and not counted for ever")
	}), nothing, func(string) web.Reply { return web.JSON(1) }))
	ask(h, "GET", "/x", "")
	if left := tel.Value("http_server_active_requests"); seen != 1 || left != 0 {
		t.Errorf("%v active inside, %v afterwards; want 1 and 0", seen, left)
	}
}

func TestNoInputMakesNewSeries(t *testing.T) {
	h, tel := captured(t, things()...)
	requests := func() {
		for i := range 1000 {
			ask(h, "GET", fmt.Sprintf("/things/%d", i), "")
			ask(h, "GET", fmt.Sprintf("/nothing/%d", i), "", "X-Request-Id: "+fmt.Sprint(i))
			ask(h, fmt.Sprintf("M%d", i), "/things/1", "", fmt.Sprintf("Origin: http://%d", i))
		}
	}
	requests()
	before := tel.Series("http_server_request_duration_seconds")
	requests()
	if after := tel.Series("http_server_request_duration_seconds"); after != before || after > 25 {
		t.Errorf("%d series, then %d; want no more than 25", before, after)
	}
}

func TestExemplarsNameTheTrace(t *testing.T) {
	h, tel := captured(t, things()...)
	w := ask(h, "GET", "/things/7", "")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Accept", "application/openmetrics-text")
	scrape := httptest.NewRecorder()
	tel.Admin().ServeHTTP(scrape, r)
	want := `# {trace_id="` + w.Header().Get("X-Trace-Id") + `"}`
	if !strings.Contains(scrape.Body.String(), want) {
		t.Errorf("no exemplar %s in the metrics", want)
	}
}

func TestAccessLog(t *testing.T) {
	h, tel := captured(t, append(things(), failing(errs.New(errs.NotFound, "thing_not_found")))...)
	w := ask(h, "GET", "/things/7?token=hidden", "", "Authorization: Bearer hidden", "X-Request-Id: r-1", "User-Agent: hidden")
	ask(h, "GET", "/fail", "")
	ask(h, "GET", "/hidden/7", "")
	ask(h, "GET", "/livez", "")
	lines := tel.Logs("request")
	if len(lines) != 4 {
		t.Fatalf("%d lines, want 4: %v", len(lines), lines)
	}
	for i, want := range []string{"INFO GET /things/{id} 200 ", "INFO GET /fail 404 thing_not_found", "INFO GET other 404 route_not_found", "DEBUG GET /livez 200 "} {
		l := lines[i]
		got := fmt.Sprint(l.Text("level"), " ", l.Text("method"), " ", l.Text("route"), " ", l["status"], " ", l.Text("code"))
		if got != want {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
		if l.Text("trace_id") == "" || l.Text("request_id") == "" || l["duration_us"] == nil {
			t.Errorf("line %d: %v; want trace, request and duration", i, l)
		}
	}
	if l := lines[0]; l.Text("trace_id") != w.Header().Get("X-Trace-Id") || l.Text("request_id") != "r-1" || l["bytes"] != float64(w.Body.Len()) {
		t.Errorf("%v; want the trace, the request and %d bytes", l, w.Body.Len())
	}
	if strings.Contains(tel.LogText(), "hidden") {
		t.Errorf("the log shows what it must not: %s", tel.LogText())
	}
}

func TestProbesAreLoggedWhenDebugging(t *testing.T) {
	tel := testkit.Telemetry(t)
	h := serving(t, web.Config{Tel: tel.Telemetry, Debug: true})
	ask(h, "GET", "/livez", "")
	if lines := tel.Logs("request"); len(lines) != 1 || lines[0].Text("level") != "INFO" {
		t.Errorf("%v, want a line of level INFO", lines)
	}
}

func TestAClientThatWentAwayIsNoFailureOfTheServer(t *testing.T) {
	tel := testkit.Telemetry(t)
	ctx, leave := context.WithCancel(t.Context())
	h := serving(t, web.Config{Tel: tel.Telemetry}, web.Handle("GET /x", 200, endpoint.New(
		func(ctx context.Context, _ endpoint.None) (string, error) {
			leave()
			<-ctx.Done()
			return "", fmt.Errorf("query: %w", ctx.Err())
		}), nothing, func(string) web.Reply { return web.JSON(1) }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/x", http.NoBody))
	failed(t, w, http.StatusServiceUnavailable)
	if got, _ := tel.Observations("http_server_request_duration_seconds", "http_response_status_code", "499"); got != 1 {
		t.Errorf("counted as 499 %d times, want once", got)
	}
	if span := tel.Spans("GET /x")[0]; span.Status().Code == codes.Error {
		t.Errorf("the span is an error: %v", span.Attributes())
	}
}

func TestAResponseThatDoesNotEncodeIsLogged(t *testing.T) {
	h, tel := captured(t, web.Handle("GET /x", 200, answering("", nil), nothing, func(string) web.Reply { return web.JSON(func() {}) }))
	failed(t, ask(h, "GET", "/x", ""), 500)
	if logs := tel.Logs("does not encode"); len(logs) != 1 || logs[0].Text("route") != "/x" || !strings.Contains(logs[0].Text("error"), "func()") {
		t.Errorf("log %v, want the reason", logs)
	}
}

// A trace that nobody records still has an id that the log and the client share.
func TestIDsWithoutRecording(t *testing.T) {
	var logged strings.Builder
	tel := telemetry.Nop()
	tel.Log = telemetry.NewLogger(&logged, nil, "test")
	h := serving(t, web.Config{Tel: tel}, failing(errors.New("x")))
	w := ask(h, "GET", "/fail", "")
	f, _ := failed(t, w, 500)
	if !strings.Contains(logged.String(), f.TraceID) {
		t.Errorf("log %s, want the trace %s", logged.String(), f.TraceID)
	}
}

// TestTheFirstFailureIsAStep: success, failure and overload of every route count
// from 0, so that a rate sees the first of them.
func TestTheFirstFailureIsAStep(t *testing.T) {
	_, tel := captured(t, failing(errs.ErrOverloaded))
	if got := tel.Series("http_server_request_duration_seconds"); got != 3 {
		t.Errorf("%d series of one route, want 3: its success, 500 and 503", got)
	}
}

func TestARefusalIsAnEventOfTheLog(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status float64
		event  any
	}{
		{errs.New(errs.Unauthenticated, "who"), 401, "request_refused"},
		{errs.New(errs.Forbidden, "no"), 403, "request_refused"},
		{errs.New(errs.NotFound, "none"), 404, nil},
		{errs.New(errs.Limited, "often"), 429, "request_refused"},
		{errs.ErrOverloaded, 503, nil},
	} {
		h, tel := captured(t, failing(tt.err))
		ask(h, "GET", "/fail", "")
		lines := tel.Logs("request")
		if line := lines[len(lines)-1]; line["status"] != tt.status || line["event"] != tt.event {
			t.Errorf("%v: the line is %v, want the event %v", tt.err, line, tt.event)
		}
	}
}
