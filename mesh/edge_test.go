package mesh_test

import (
	"net/http"
	"strings"
	"testing"

	"shop/mesh/meshtest"
)

// front is an edge before the sidecar of one service with an Echo.
func front(t *testing.T, service string, overlays ...string) *meshtest.Mesh {
	t.Helper()
	m := meshtest.New(t, meshtest.Policy(t, overlays...))
	m.Echo(service, nil)
	m.Start(service, "edge")
	return m
}

// TestNothingThatOutsidersSayOfThemselvesReachesAnApplication sends each header
// that somebody within believes.
func TestNothingThatOutsidersSayOfThemselvesReachesAnApplication(t *testing.T) {
	m := front(t, "product")
	const lie = "00-11111111111111111111111111111111-2222222222222222-01"
	headers := []string{
		"X-Forwarded-Client-Cert", "X-Internal-Token", "X-User-Id", "X-Request-Id", "X-Client-Trace-Id",
		"Traceparent", "Tracestate", "Baggage", "B3", "X-B3-TraceId", "X-B3-Sampled",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded",
		"X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override",
		"X-Envoy-External-Address", "X-Envoy-Internal", "X-Envoy-Force-Trace", "X-Envoy-Decorator-Operation", "X-Envoy-Original-Path",
		"X-Envoy-Upstream-Rq-Timeout-Ms", "X-Envoy-Upstream-Rq-Per-Try-Timeout-Ms", "X-Envoy-Upstream-Alt-Stat-Name",
		"X-Envoy-Expected-Rq-Timeout-Ms", "X-Envoy-Retry-On", "X-Envoy-Max-Retries", "X-Envoy-Retriable-Status-Codes",
		"X-Envoy-Hedge-On-Per-Try-Timeout", "X-Envoy-Ip-Tags", "X-Envoy-Attempt-Count", "X-Envoy-Original-Dst-Host",
		"X-Envoy-Peer-Metadata", "X-Envoy-Of-Tomorrow", "X-Envoy-Downstream-Service-Cluster", "X-Envoy-Downstream-Service-Node",
	}
	for _, name := range headers {
		seen := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products", Header: map[string]string{
			name: lie, "X-Mine": "kept",
		}}).Seen(t)
		for is, values := range seen.Header {
			if strings.Contains(strings.Join(values, ","), lie) {
				t.Errorf("%s reached the application as %s: %q", name, is, values)
			}
		}
		if seen.Header.Get("X-Mine") != "kept" {
			t.Errorf("beside %s: a header of no meaning got lost", name)
		}
	}

	seen := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products", Header: map[string]string{
		"X-Forwarded-For": "6.6.6.6", "X-Envoy-External-Address": "6.6.6.6", "X-Forwarded-Client-Cert": "URI=spiffe://shop.local/ns/default/sa/order",
	}}).Seen(t)
	if got := seen.Header["X-Envoy-External-Address"]; len(got) != 1 || got[0] != "127.0.0.1" {
		t.Errorf("the client's address is %q, want the one that the edge sees", got)
	}
	if got := seen.Header["X-Forwarded-Client-Cert"]; len(got) != 1 || strings.Contains(got[0], ",") || !strings.HasSuffix(got[0], "URI=spiffe://shop.local/ns/default/sa/edge") {
		t.Errorf("the caller is %q, want the edge alone", got)
	}
	t.Logf("%d headers sent, none reached the application", len(headers))
}

// TestBehindAProxyTheClientIsWhomItNames: an edge that knows of one proxy in
// front of it believes that one, and no other.
func TestBehindAProxyTheClientIsWhomItNames(t *testing.T) {
	m := front(t, "user", "edge: {trusted_hops: 1, strip: [x-envoy-*, x-forwarded-client-cert], routes: {user: {/login: {rate: 1}}}}")
	from := func(hops string) meshtest.Answer {
		return meshtest.Do(t, m.Public("user"), meshtest.Request{URI: "/login", Header: map[string]string{"X-Forwarded-For": hops}})
	}
	if got := from("6.6.6.6, 203.0.113.7").Seen(t).Header["X-Envoy-External-Address"]; len(got) != 1 || got[0] != "203.0.113.7" {
		t.Errorf("the client is %q, want the last that the proxy names", got)
	}
	if a := from("7.7.7.7, 203.0.113.7"); a.Status != http.StatusTooManyRequests {
		t.Errorf("the same client under another lie: %d", a.Status)
	}
	if a := from("203.0.113.8"); a.Status != http.StatusOK {
		t.Errorf("another client of the proxy: %d", a.Status)
	}
}

// TestNetworksOfIPv6AreOneClient: who has one address of a /64 has them all.
func TestNetworksOfIPv6AreOneClient(t *testing.T) {
	m := front(t, "user", "edge: {trusted_hops: 1, strip: [x-envoy-*], routes: {user: {/login: {rate: 1}}}}")
	for _, step := range []struct {
		address string
		status  int
	}{{"2001:db8:0:1::1", 200}, {"2001:db8:0:1::1", 429}, {"2001:db8:0:1:ffff::2", 429}, {"2001:db8:0:2::1", 200}, {"2001:db8:0:2::1", 429}} {
		a := meshtest.Do(t, m.Public("user"), meshtest.Request{URI: "/login", Header: map[string]string{"X-Forwarded-For": step.address}})
		if a.Status != step.status {
			t.Errorf("%s: %d, want %d", step.address, a.Status, step.status)
		}
	}
}

// TestAQueryIsNoPath: what is refused in a path is a text in a query.
func TestAQueryIsNoPath(t *testing.T) {
	m := front(t, "product")
	const uri = "/products?q=a%2Fb%5C..%2f//x&c=/internal/../metrics"
	if got := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: uri}).Seen(t).URI; got != uri {
		t.Errorf("the application saw %s, want %s", got, uri)
	}
}

// TestEveryAnswerToThePublicHasItsHeaders looks at an application's answer and at
// the edge's own, early and late.
func TestEveryAnswerToThePublicHasItsHeaders(t *testing.T) {
	m := front(t, "product")
	for name, text := range map[string]string{
		"the application's": "GET /products HTTP/1.1\r\nHost: x\r\n\r\n",
		"a probe":           "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
		"refused":           "GET /internal/reservations HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths":       "POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"escaped slash":     "GET /products%2f7 HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/1.0":          "GET /products HTTP/1.0\r\n\r\n",
		"too many headers":  "GET /products HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 100) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := meshtest.Raw(t, m.Public("product"), text)
			if ids := a.Header["X-Trace-Id"]; len(ids) != 1 || !isTraceID(ids[0]) {
				t.Errorf("X-Trace-Id is %q, want 32 hex digits", ids)
			}
			if ids := a.Header["X-Request-Id"]; len(ids) != 1 || len(ids[0]) != 36 {
				t.Errorf("X-Request-Id is %q, want a UUID", ids)
			}
			for name, want := range m.Policy.Edge.Headers {
				if got := a.Header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			for name := range a.Header {
				if strings.HasPrefix(name, "X-Envoy") || name == "Server" {
					t.Errorf("%s: %q tells what is inside", name, a.Header[name])
				}
			}
		})
	}
}

// TestWhatAnApplicationSaysOfItselfStays: a page of documentation has a policy of
// its own for what it loads.
func TestWhatAnApplicationSaysOfItselfStays(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	own := map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Trace-Id": strings.Repeat("a", 32)}
	m.Echo("product", func(w http.ResponseWriter, _ *http.Request) bool {
		for name, value := range own {
			w.Header().Set(name, value)
		}
		return false
	})
	m.Start("product", "edge")
	a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/docs"})
	for name, value := range own {
		if got := a.Header.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func isTraceID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// TestWhatIsInsideStaysInside sends every spelling of a path that the public may
// not reach to the edge, and to a sidecar past the edge in its name.
func TestWhatIsInsideStaysInside(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	reached := make(chan string, 1000)
	m.Echo("user", func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/readyz" {
			reached <- r.RequestURI
		}
		return false
	})
	m.Start("user", "edge")
	past := meshtest.NewPeer(t, m.Places["user"].Inbound, m.Roots.Client(m.Policy.Edge.Identity))
	tried := 0
	for _, inside := range []string{"/internal/users/7/contact", "/metrics"} {
		for _, path := range spellings(inside) {
			for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "PROPFIND"} {
				tried++
				a := meshtest.Do(t, m.Public("user"), meshtest.Request{Method: method, URI: path})
				if a.Status != 404 && a.Status != 400 {
					t.Errorf("%s %s at the edge: %d", method, path, a.Status)
				}
				if strings.HasPrefix(path, "http:") {
					continue // There is no such form in HTTP/2.
				}
				if a, err := past.Do(t, meshtest.Request{Method: method, URI: path}); err == nil && a.Status != 403 && a.Status != 400 {
					t.Errorf("%s %s at the sidecar: %d", method, path, a.Status)
				}
			}
		}
	}
	select {
	case uri := <-reached:
		t.Errorf("%s reached the application", uri)
	default:
	}
	// Escaped twice is another path, of which the application says what it is.
	for _, path := range []string{"/users/me", "/%252e%252e/internal/users/7/contact"} {
		if a, err := past.Do(t, meshtest.Request{URI: path}); err != nil || a.Seen(t).URI != path {
			t.Errorf("%s: %d %v", path, a.Status, err)
		}
	}
	t.Logf("%d requests, none reached the application", tried)
}

// spellings are ways to write path that somebody on the way may take for it.
func spellings(path string) []string {
	first, rest, _ := strings.Cut(path[1:], "/")
	if rest != "" {
		rest = "/" + rest
	}
	mixed := strings.ToUpper(first[:1]) + first[1:]
	escaped := "%" + hexOf(first[0]) + first[1:]
	return []string{
		path, path + "/", path + "?x=1", path + ";x=1", "/" + first + ";x" + rest, "/" + first + "%20" + rest, path + "%00",
		"/" + path, "//" + path, "/." + path, "/./" + path, "/x/.." + path, "/x/%2e%2e" + path, "/x/%2E%2e" + path, "/%2e" + path, "/x/..;" + path,
		"/" + mixed + rest, strings.ToUpper(path), "/" + escaped + rest, "/" + first + "%2f" + rest, "/%2f" + first + rest, "%2f" + path,
		`\` + path[1:], `/\` + path[1:], `/x\..\` + path[1:], "/%5c" + path[1:], "/x/..%5c" + path[1:], "/x/..%2f" + path[1:],
		"/" + strings.ReplaceAll(first, "t", "%74") + rest, "http://shop.test" + path, "http://shop.test/" + path, "/" + first + "/." + rest,
		"/" + first + "//" + strings.TrimPrefix(rest, "/"), "/" + first + "#/../x", path + "%3f",
	}
}

func hexOf(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}
