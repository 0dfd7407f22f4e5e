package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/web"
)

// calling returns GET /internal/things/{id} of the service at base.
func calling(t testing.TB, base string, tel *telemetry.Telemetry, o web.ClientOptions) func(context.Context, int64) (thing, error) {
	t.Helper()
	c, err := web.NewClient(base, tel, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return web.Call[int64, thing](c, http.MethodGet, "/internal/things/{id}",
		func(id int64) string { return fmt.Sprintf("/internal/things/%d", id) }, nil)
}

// raw is a service that answers as it is told.
func raw(t testing.TB, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func TestEveryErrorSurvivesTheNetwork(t *testing.T) {
	invalid := *errs.ErrInvalid
	invalid.Faults = []errs.Fault{errs.GreaterThan(0).At("body", "tags", 3), errs.Violates("missing").At("body", "name")}
	tests := map[string]*errs.Error{
		"refused":         errs.New(errs.Refused, "few_things").With("left", int64(3)).With("who", "lan").With("exact", true),
		"unauthenticated": errs.New(errs.Unauthenticated, "unauthenticated"),
		"forbidden":       errs.New(errs.Forbidden, "not_yours"),
		"not found":       errs.New(errs.NotFound, "thing_not_found").With("id", int64(7)),
		"conflict":        errs.New(errs.Conflict, "thing_taken"),
		"stale":           errs.New(errs.Stale, "thing_changed"),
		"limited":         errs.New(errs.Limited, "slow_down").After(61 * time.Second),
		"unavailable":     errs.New(errs.Unavailable, "broker_away").After(3 * time.Second),
		"overloaded":      errs.ErrOverloaded.After(time.Second),
		"internal":        errs.ErrInternal,
		"invalid":         &invalid,
	}
	for name, sent := range tests {
		t.Run(name, func(t *testing.T) {
			h := serving(t, web.Config{InternalToken: "s3cret"}, web.Handle("GET /internal/things/{id}", 200, answering(aThing(1), fmt.Errorf("deep inside: %w", sent)),
				nothing, func(thing) web.Reply { return web.JSON(1) }).Internal())
			call := calling(t, "http://"+listening(t, h, web.ServerOptions{}), telemetry.Nop(), web.ClientOptions{InternalToken: "s3cret"})
			_, err := call(t.Context(), 7)
			got := (*errs.Error)(nil)
			if !errors.As(err, &got) || !errors.Is(err, sent) || got.Kind != sent.Kind {
				t.Fatalf("error %v, want %v of the kind %v", err, sent, sent.Kind)
			}
			if !reflect.DeepEqual(got.Params, sent.Params) || got.RetryAfter != sent.RetryAfter {
				t.Errorf("params %v, retry after %v; want %v, %v", got.Params, got.RetryAfter, sent.Params, sent.RetryAfter)
			}
			if len(got.Faults) != len(sent.Faults) {
				t.Fatalf("faults %+v, want %+v", got.Faults, sent.Faults)
			}
			for i, f := range got.Faults {
				if fmt.Sprint(f) != fmt.Sprint(sent.Faults[i]) {
					t.Errorf("fault %+v, want %+v", f, sent.Faults[i])
				}
			}
			if text := err.Error(); !strings.Contains(text, "call GET /internal/things/{id} of 127.0.0.1") || !strings.Contains(text, "answered") {
				t.Errorf("%q does not say what was being done", text)
			}
		})
	}
}

func TestWhatIsNoAnswerIsUnavailable(t *testing.T) {
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := map[string]http.HandlerFunc{
		"bad gateway":                answer(502, "", "<html>Bad Gateway</html>"),
		"gateway timeout":            answer(504, "", ""),
		"a gateway that speaks JSON": answer(504, "", `{"code":"upstream_timeout"}`),
		"unavailable without a code": answer(503, "", "upstream connect error"),
		"another's not found":        answer(404, "", "404 page not found"),
		"a sidecar's refusal":        answer(403, "", "RBAC: access denied"),
		"our own token refused":      answer(403, "", `{"detail":"x","code":"not_a_caller"}`),
		"an error without a code":    answer(409, "", `{"detail":"x"}`),
		"a code that is no text":     answer(409, "", `{"code":7}`),
		"an error that is a list":    answer(409, "", `[]`),
		"a redirect":                 answer(302, "Location: http://elsewhere/", ""),
		"a teapot":                   answer(418, "", `{"code":"teapot"}`),
		"success that is no JSON":    answer(200, "", "<html>Welcome</html>"),
		"success of another shape":   answer(200, "", `{"id":"seven"}`),
		"success with half a body":   answer(200, "", `{"id":7,`),
		"success without a body":     answer(200, "", ""),
		"success beyond all bounds":  answer(200, "", `{"id":7,"name":"`+strings.Repeat("x", 1<<20)+`"}`),
		"an error beyond all bounds": answer(404, "", `{"code":"thing_not_found","detail":"`+strings.Repeat("x", 1<<20)+`"}`),
		"a broken connection":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a body that breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id":7`)
		},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := calling(t, raw(t, f), telemetry.Nop(), web.ClientOptions{})(t.Context(), 7)
			if !errors.Is(err, errs.ErrUnavailable) || errs.KindOf(err) != errs.Unavailable {
				t.Errorf("error %v, want unavailable", err)
			}
		})
	}
}

func TestLimitsOfOthersAreKept(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		after  string
		want   *errs.Error
		wait   time.Duration
	}{
		"a sidecar's limit":     {429, "7", errs.New(errs.Limited, "limited"), 7 * time.Second},
		"a sidecar's overload":  {503, "2", errs.ErrUnavailable, 2 * time.Second},
		"a date":                {503, "Wed, 21 Oct 2026 07:28:00 GMT", errs.ErrUnavailable, 0},
		"nonsense":              {429, "-5", errs.New(errs.Limited, "limited"), 0},
		"a wait without an end": {429, "9999999999999", errs.New(errs.Limited, "limited"), 24 * time.Hour},
		"a wait beyond an int":  {429, "99999999999999999999", errs.New(errs.Limited, "limited"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			call := calling(t, raw(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(tt.status)
			}), telemetry.Nop(), web.ClientOptions{})
			_, err := call(t.Context(), 7)
			if e := errs.Of(err); !errors.Is(err, tt.want) || e.Kind != tt.want.Kind || e.RetryAfter != tt.wait {
				t.Errorf("%v of kind %v after %v, want %v after %v", err, e.Kind, e.RetryAfter, tt.want, tt.wait)
			}
		})
	}
}

func TestAServiceThatIsAwayOrHangs(t *testing.T) {
	hang := make(chan struct{})
	hanging := raw(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/1") { // Hangs within the body.
			w.Header().Set("Content-Length", "100")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hang) })
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	short, cancelShort := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelShort()
	tests := map[string]struct {
		ctx     context.Context
		base    string
		id      int64
		timeout time.Duration
		want    *errs.Error
	}{
		"nobody listens":              {t.Context(), gone.URL, 0, time.Minute, errs.ErrUnavailable},
		"it hangs":                    {t.Context(), hanging, 0, 50 * time.Millisecond, errs.ErrUnavailable},
		"it hangs within its answer":  {t.Context(), hanging, 1, 50 * time.Millisecond, errs.ErrUnavailable},
		"the caller has less time":    {short, hanging, 0, time.Minute, errs.ErrUnavailable},
		"the caller has gone already": {canceled, hanging, 0, time.Minute, errs.ErrTimeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := calling(t, tt.base, telemetry.Nop(), web.ClientOptions{Timeout: tt.timeout})(tt.ctx, tt.id)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestWhatACallSends(t *testing.T) {
	type request struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	var got *http.Request
	var body []byte
	base := raw(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, aThingJSON)
	})
	tel := testkit.Telemetry(t)
	c, err := web.NewClient(base+"/prefix/", tel.Telemetry, web.ClientOptions{InternalToken: "s3cret", Name: "things"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	post := web.Call[request, thing](c, http.MethodPost, "/internal/things/{id}",
		func(r request) string { return fmt.Sprintf("/internal/things/%d?dry=true", r.ID) }, func(r request) any { return r })
	ctx, span := tel.Tracer.Start(telemetry.WithRequestID(t.Context(), "r-7"), "caller")
	answer, err := post(ctx, request{7, "Bút"})
	span.End()
	if err != nil || answer != aThing(7) {
		t.Fatalf("%+v, %v; want the thing", answer, err)
	}
	if got.Method != "POST" || got.URL.RequestURI() != "/prefix/internal/things/7?dry=true" || string(body) != `{"id":7,"name":"Bút"}` {
		t.Errorf("%s %s %s", got.Method, got.URL.RequestURI(), body)
	}
	client := tel.Spans("POST /internal/things/{id}")
	if len(client) != 1 || client[0].SpanKind() != trace.SpanKindClient || client[0].Parent().SpanID() != span.SpanContext().SpanID() {
		t.Fatalf("spans %v, want a client's under the caller's", client)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "X-Internal-Token": "s3cret", "X-Request-Id": "r-7", "Authorization": "",
		"Traceparent": "00-" + span.SpanContext().TraceID().String() + "-" + client[0].SpanContext().SpanID().String() + "-01",
	} {
		if got := got.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	attributes := fmt.Sprint(client[0].Attributes())
	for _, want := range []string{`"http.request.method":"POST"`, `"service.peer.name":"things"`, `"http.response.status_code":201`} {
		if !strings.Contains(attributes, want) {
			t.Errorf("attributes %s, want %s in them", attributes, want)
		}
	}
	if strings.Contains(attributes, "s3cret") || strings.Contains(attributes, "dry") {
		t.Errorf("attributes %s show what they must not", attributes)
	}
}

func TestClientMetricsAndSpans(t *testing.T) {
	tel := testkit.Telemetry(t)
	status := http.StatusOK
	base := raw(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"id":7,"code":"thing_not_found"}`)
	})
	call := calling(t, base, tel.Telemetry, web.ClientOptions{Name: "things"})
	for _, status = range []int{200, 200, 404, 502} {
		if _, err := call(t.Context(), 7); (err == nil) != (status == 200) {
			t.Errorf("status %d: error %v", status, err)
		}
	}
	gone := calling(t, "http://127.0.0.1:1", tel.Telemetry, web.ClientOptions{Name: "things"})
	if _, err := gone(t.Context(), 7); !errors.Is(err, errs.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	for labels, want := range map[string]uint64{"200|": 2, "404|not_found": 1, "502|unavailable": 1, "|unavailable": 1} {
		code, kind, _ := strings.Cut(labels, "|")
		if got, _ := tel.Observations("http_client_request_duration_seconds", "http_request_method", "GET", "service_peer_name", "things",
			"url_template", "/internal/things/{id}", "http_response_status_code", code, "error_type", kind); got != want {
			t.Errorf("%s was seen %d times, want %d", labels, got, want)
		}
	}
	failures := 0
	for _, span := range tel.Spans("GET /internal/things/{id}") {
		if span.Status().Code == codes.Error {
			failures++
		}
	}
	if failures != 3 {
		t.Errorf("%d spans are errors, want 3", failures)
	}
}

func TestACallWithoutAnAnswer(t *testing.T) {
	c, err := web.NewClient(raw(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), telemetry.Nop(), web.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	remove := web.Call[int, endpoint.None](c, http.MethodDelete, "/things/{id}", func(int) string { return "/things/7" }, nil)
	if _, err := remove(t.Context(), 7); err != nil {
		t.Error(err)
	}
}

func TestACallThatCannotBeMadeIsABug(t *testing.T) {
	c, err := web.NewClient("http://127.0.0.1:1", telemetry.Nop(), web.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, call := range map[string]func(context.Context, int) (thing, error){
		"a body that is no JSON": web.Call[int, thing](c, "POST", "/x", func(int) string { return "/x" }, func(int) any { return func() {} }),
		"a target that is none":  web.Call[int, thing](c, "POST", "/x", func(int) string { return "/\x00" }, nil),
		"a method that is none":  web.Call[int, thing](c, "PO ST", "/x", func(int) string { return "/x" }, nil),
	} {
		if _, err := call(t.Context(), 1); !errors.Is(err, errs.ErrInternal) {
			t.Errorf("%s: error %v, want internal", name, err)
		}
	}
}

func TestAddressesOfServices(t *testing.T) {
	for base, ok := range map[string]bool{
		"http://127.0.0.1:8001": true, "https://user.shop.local/": true, "http://[::1]:8001": true, "http://user/prefix": true,
		"": false, "user:8001": false, "127.0.0.1:8001": false, "ftp://user": false, "http://": false, "http://:8001": false,
		"http://user?x=1": false, "http://user#x": false, "http://lan:secret@user": false, "http://us er": false, "http://lan:secret@user:port": false,
	} {
		c, err := web.NewClient(base, telemetry.Nop(), web.ClientOptions{})
		if (err == nil) != ok || (c == nil) == ok {
			t.Errorf("%q: %v, want accepted: %t", base, err, ok)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the password: %v", base, err)
		}
	}
}

func TestConnectionsOfAClientAreReused(t *testing.T) {
	seen := map[string]bool{}
	base := raw(t, func(w http.ResponseWriter, r *http.Request) {
		seen[r.RemoteAddr] = true
		if len(seen)%2 == 0 {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `{"id":7,"code":"x"}`)
	})
	call := calling(t, base, telemetry.Nop(), web.ClientOptions{})
	for range 20 {
		_, _ = call(t.Context(), 7) // Errors too must leave the connection usable.
	}
	if len(seen) != 1 {
		t.Errorf("%d connections for 20 calls, want 1", len(seen))
	}
}
