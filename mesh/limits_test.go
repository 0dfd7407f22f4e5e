package mesh_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"shop/mesh/meshtest"
)

// TestTheSixtyFirstLoginOfAClientIsRefused sends one client's logins until the
// edge has enough, and then another's. Every client of loopback has an address of
// its own.
func TestTheSixtyFirstLoginOfAClientIsRefused(t *testing.T) {
	m := front(t, "user")
	login := func(from, path string) meshtest.Answer {
		return meshtest.DoFrom(t, from, m.Public("user"), meshtest.Request{Method: "POST", URI: path, Body: "x"})
	}
	start := time.Now()
	limited := 0
	for i := range 61 {
		// Each of these is the same route.
		path := []string{"/login", "/login/", "/login?x=" + strconv.Itoa(i), "//login", "/%6cogin"}[i%5]
		a := login("127.0.0.1", path)
		if limit := a.Header.Get("X-Ratelimit-Limit"); !strings.HasPrefix(limit, "60") {
			t.Fatalf("login %d: X-RateLimit-Limit is %q, want 60", i+1, limit)
		}
		switch {
		case a.Status == http.StatusTooManyRequests:
			limited++
		case a.Status != http.StatusOK:
			t.Fatalf("login %d: %d", i+1, a.Status)
		}
	}
	refilled := int(time.Since(start)/time.Second) + 1 // One token a second.
	if limited == 0 && refilled < 2 {
		t.Error("61 logins passed")
	}
	var last meshtest.Answer
	for range 60 {
		if last = login("127.0.0.1", "/login"); last.Status == http.StatusTooManyRequests {
			break
		}
	}
	after, err := strconv.Atoi(last.Header.Get("Retry-After"))
	if last.Status != http.StatusTooManyRequests || err != nil || after < 1 || after > 60 {
		t.Errorf("%d with Retry-After %q, want 429 and up to 60 s", last.Status, last.Header.Get("Retry-After"))
	}
	if got := last.Header.Get("X-Ratelimit-Remaining"); got != "0" {
		t.Errorf("X-RateLimit-Remaining is %q", got)
	}
	if last.Header.Get("X-Ratelimit-Reset") == "" {
		t.Error("no X-RateLimit-Reset")
	}
	if code(t, last) != "limited" {
		t.Errorf("body %s", last.Body)
	}
	for name, a := range map[string]meshtest.Answer{
		"another client":                   login("127.0.0.2", "/login"),
		"the same client, another path":    login("127.0.0.1", "/register"),
		"the same client, another service": login("127.0.0.1", "/refresh"),
	} {
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
}

func TestRatesComeFromThePolicy(t *testing.T) {
	m := front(t, "user", "edge: {routes: {user: {/login: {rate: 2}, /users/me: {rate: 3}}}}")
	for path, want := range map[string]string{
		"/login": "2", "/users/me": "3", "/register": "60", "/refresh": "600", "/validate-token": "6000", "/": "60000", "/orders/7": "60000",
	} {
		a := meshtest.Do(t, m.Public("user"), meshtest.Request{URI: path})
		if limit, _, _ := strings.Cut(a.Header.Get("X-Ratelimit-Limit"), ","); limit != want {
			t.Errorf("%s: X-RateLimit-Limit is %q, want %s", path, limit, want)
		}
	}
}

// TestRequestsBeyondTheLimitsAreClearlyRefused sends what is too large, too slow
// or could be read in two ways.
func TestRequestsBeyondTheLimitsAreClearlyRefused(t *testing.T) {
	m := front(t, "product", "edge: {timeouts: {headers: 500ms, body: 1s}}")
	const start = "POST /products HTTP/1.1\r\nHost: x\r\n"
	big := strings.Repeat("x", 1<<20)
	for name, tt := range map[string]struct {
		text   string
		status int
		code   string
	}{
		"a body of 1 MiB":            {start + "Content-Length: 1048576\r\n\r\n" + big, 200, ""},
		"a body above 1 MiB":         {start + "Content-Length: 1048577\r\n\r\n" + big + "x", 413, "body_too_large"},
		"a chunked body above 1 MiB": {start + "Transfer-Encoding: chunked\r\n\r\n100001\r\n" + big + "x\r\n0\r\n\r\n", 413, "body_too_large"},
		"20 kB of headers":           {start + "A: " + strings.Repeat("x", 20_000) + "\r\n\r\n", 431, "headers_too_large"},
		"65 headers":                 {start + strings.Repeat("A: b\r\n", 65) + "\r\n", 431, "headers_too_large"},
		"a header with underscore":   {start + "a_b: c\r\n\r\n", 400, "refused"},
		"two lengths":                {start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400, "refused"},
		"length and chunks":          {start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "refused"},
		"no host":                    {"GET / HTTP/1.1\r\n\r\n", 400, "refused"},
		"HTTP/1.0":                   {"GET / HTTP/1.0\r\n\r\n", 426, "refused"},
		"a slow header":              {start, 408, "body_too_slow"},
		"a slow body":                {start + "Content-Length: 10\r\n\r\nabc", 408, "body_too_slow"},
		"an upgrade":                 {start + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 403, "refused"},
		"a tunnel":                   {"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 408, "body_too_slow"},
	} {
		t.Run(name, func(t *testing.T) {
			a := meshtest.Raw(t, m.Public("product"), tt.text)
			if a.Status != tt.status || tt.code != "" && code(t, a) != tt.code {
				t.Errorf("%d %.200s, want %d %s", a.Status, a.Body, tt.status, tt.code)
			}
		})
	}
	if a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products"}); a.Status != 200 {
		t.Errorf("afterwards: %d", a.Status)
	}
}

// TestEnvoyAnswersAsTheServicesDo looks at what Envoy says in their place, in both
// languages and both forms.
func TestEnvoyAnswersAsTheServicesDo(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, "{edge: {rest: {timeout: 250ms}}, calls: {product: {user: {POST /validate-token: {timeout: 400ms, try_timeout: 400ms, retry: {retries: 1}}}}}}"))
	release := make(chan struct{})
	defer close(release)
	m.Echo("product", func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/slow" {
			<-release
		}
		return false
	})
	m.Start("product", "user", "edge") // The application of user is not there, nor are order and its sidecar.
	missing, err := net.Listen("tcp", m.Places["order"].Inbound)
	if err != nil {
		t.Fatal(err)
	}
	_ = missing.Close()
	public := func(service, path string) func(map[string]string) meshtest.Answer {
		return func(h map[string]string) meshtest.Answer {
			return meshtest.Do(t, m.Public(service), meshtest.Request{URI: path, Header: h})
		}
	}
	for name, tt := range map[string]struct {
		ask        func(map[string]string) meshtest.Answer
		status     int
		code       string
		vi, en     string
		retryAfter bool
	}{
		"no such path":      {public("product", "/metrics"), 404, "route_not_found", "Không tìm thấy đường dẫn", "No such path", false},
		"refused":           {public("product", "/a%2fb"), 400, "refused", "Yêu cầu không được chấp nhận", "The request was refused", false},
		"too slow":          {public("product", "/slow"), 503, "timeout", "Yêu cầu xử lý quá lâu. Vui lòng thử lại sau.", "The request took too long. Please try again later.", true},
		"no application":    {public("user", "/users/me"), 503, "unavailable", "Dịch vụ tạm thời không khả dụng. Vui lòng thử lại sau.", "The service is temporarily unavailable. Please try again later.", true},
		"no sidecar either": {public("order", "/orders"), 503, "unavailable", "Dịch vụ tạm thời không khả dụng. Vui lòng thử lại sau.", "The service is temporarily unavailable. Please try again later.", true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []struct {
				accept, language, text string
			}{
				{"", "", tt.vi}, {"", "vi", tt.vi}, {"", "en", tt.en}, {"*/*", "en-US,en;q=0.9,vi;q=0.8", tt.en}, {"", "vi-VN,en;q=0.5", tt.vi}, {"", "EN", tt.en},
				{"application/problem+json", "", tt.vi}, {"application/problem+json", "en", tt.en},
			} {
				h := map[string]string{}
				if form.accept != "" {
					h["Accept"] = form.accept
				}
				if form.language != "" {
					h["Accept-Language"] = form.language
				}
				a := tt.ask(h)
				want := `{"detail":"` + form.text + `","code":"` + tt.code + `","trace_id":null}`
				contentType := "application/json"
				if form.accept == "application/problem+json" {
					contentType = form.accept
					want = `{"type":"about:blank","title":"` + http.StatusText(tt.status) + `","status":` + strconv.Itoa(tt.status) + "," + want[1:]
				}
				if a.Status != tt.status || a.Body != want || a.Header.Get("Content-Type") != contentType {
					t.Errorf("%q: %d %s %s, want %d %s", form, a.Status, a.Header.Get("Content-Type"), a.Body, tt.status, want)
				}
				if got := a.Header.Get("Retry-After") != ""; got != tt.retryAfter {
					t.Errorf("%q: Retry-After %q", form, a.Header.Get("Retry-After"))
				}
				if ids := a.Header["X-Trace-Id"]; len(ids) != 1 || !isTraceID(ids[0]) {
					t.Errorf("%q: X-Trace-Id %q", form, ids)
				}
				language := map[string]string{tt.vi: "vi", tt.en: "en"}[form.text]
				if got := a.Header["Content-Language"]; len(got) != 1 || got[0] != language {
					t.Errorf("%q: Content-Language %q", form, got)
				}
			}
		})
	}
	t.Run("to an application", func(t *testing.T) {
		a := meshtest.Do(t, m.Places["product"].Egress["user"], meshtest.Request{Method: "POST", URI: "/validate-token", Body: "{}"})
		if a.Status != 503 || code(t, a) != "unavailable" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		a = meshtest.Do(t, m.Places["product"].Egress["user"], meshtest.Request{URI: "/internal/users/7/contact"})
		if a.Status != 403 || code(t, a) != "not_a_caller" {
			t.Errorf("what product may not call: %d %s", a.Status, a.Body)
		}
	})
}

// code returns the code of an error.
func code(t *testing.T, a meshtest.Answer) string {
	t.Helper()
	var body struct{ Code string }
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Errorf("%d %.200q is no JSON", a.Status, a.Body)
	}
	return body.Code
}
