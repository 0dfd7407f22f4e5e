package mesh_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/mesh/meshtest"
	"shop/mesh/policy"
)

// TestASidecarLetsInWhatThePolicyAllows asks each service as each identity of the
// mesh for everything that anybody may ask of anybody.
func TestASidecarLetsInWhatThePolicyAllows(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	asked := []policy.Route{{Method: "GET", Path: "/products"}, {Method: "DELETE", Path: "/orders/{id}"}, {Method: "GET", Path: "/readyz"}}
	for _, caller := range m.Policy.Names() {
		for _, callee := range m.Policy.Callees(caller) {
			for route := range m.Policy.Between(caller, callee) {
				asked = append(asked, route, policy.Route{Method: "GET", Path: route.Path}, policy.Route{Method: "PUT", Path: route.Path})
			}
		}
	}
	tried, allowed, refused, unknown := 0, 0, 0, 0
	for _, callee := range m.Policy.Names() {
		m.Echo(callee, nil)
		m.Start(callee)
		for _, caller := range m.Policy.Workloads() {
			peer := meshtest.NewPeer(t, m.Places[callee].Inbound, m.Roots.Client(m.Policy.Identity(caller)))
			for _, route := range asked {
				tried++
				path := strings.ReplaceAll(string(route.Path), "{id}", "7")
				a, err := peer.Do(t, meshtest.Request{Method: route.Method, URI: path})
				switch want := expected(m.Policy, caller, callee, route); {
				case want == 0 && err == nil:
					t.Errorf("%s → %s: a connection was made", caller, callee)
				case want == 0:
					unknown++
				case err != nil || a.Status != want:
					t.Errorf("%s → %s %s: %d %v, want %d", caller, callee, route, a.Status, err, want)
				case want == http.StatusForbidden:
					refused++
				default:
					allowed++
				}
			}
		}
	}
	t.Logf("%d requests: %d allowed, %d refused by rule, %d without a connection", tried, allowed, refused, unknown)
}

// expected is the status that the policy gives, 0 for no connection, written
// without looking at how rules are rendered.
func expected(p *policy.Policy, caller, callee string, route policy.Route) int {
	if caller == policy.EdgeName {
		if strings.HasPrefix(string(route.Path), "/internal") {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	calls, knows := p.Calls[caller][callee]
	if !knows {
		return 0
	}
	if _, may := calls[route]; may || route == (policy.Route{Method: "GET", Path: "/readyz"}) {
		return http.StatusOK
	}
	return http.StatusForbidden
}

// TestOnlyMembersOfTheMeshConnect tries to get in without being one.
func TestOnlyMembersOfTheMeshConnect(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	m.Echo("user", nil)
	m.Start("user")
	addr := m.Places["user"].Inbound
	product := m.Policy.Identity("product")
	foreign := meshtest.NewRoots(t).Client(product)
	foreign.RootCAs = m.Roots.Client(product).RootCAs // It trusts us, we don't trust it.
	nobody := m.Roots.Client(product)
	nobody.Certificates = nil
	old := m.Roots.Client(product)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, config := range map[string]*tls.Config{
		"no certificate":                 nobody,
		"the right name by other roots":  foreign,
		"a name of nobody":               m.Roots.Client("spiffe://shop.local/ns/default/sa/stranger"),
		"a name that begins right":       m.Roots.Client(product + "s"),
		"a name in another trust domain": m.Roots.Client("spiffe://evil.local/ns/default/sa/product"),
		"the service itself":             m.Roots.Client(m.Policy.Identity("user")),
		"TLS 1.2":                        old,
	} {
		t.Run(name, func(t *testing.T) {
			a, err := meshtest.NewPeer(t, addr, config).Do(t, meshtest.Request{Method: "POST", URI: "/validate-token"})
			if err == nil {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
	}
	t.Run("plain HTTP", func(t *testing.T) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		_, _ = conn.Write([]byte("POST /validate-token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
		answer := make([]byte, 100)
		n, err := conn.Read(answer)
		if err == nil && strings.HasPrefix(string(answer[:n]), "HTTP/") {
			t.Errorf("answered %q", answer[:n])
		}
	})
	if a, err := meshtest.NewPeer(t, addr, m.Roots.Client(product)).Do(t, meshtest.Request{Method: "POST", URI: "/validate-token"}); err != nil || a.Status != 200 {
		t.Errorf("a member: %d %v", a.Status, err)
	}
}

// TestSpellingsDoNotWidenWhatACallerMay writes the path that product may call in
// other ways: only those that Envoy makes the same path of are let in, and the
// application then sees that path.
func TestSpellingsDoNotWidenWhatACallerMay(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	m.Echo("user", nil)
	m.Start("user")
	peer := meshtest.NewPeer(t, m.Places["user"].Inbound, m.Roots.Client(m.Policy.Identity("product")))
	let, kept := 0, 0
	for _, path := range append(spellings("/validate-token"), "/validate-token/x", "/validate-token/../users/me", "/users/me", "/%252e%252e/validate-token") {
		if strings.HasPrefix(path, "http:") {
			continue
		}
		a, err := peer.Do(t, meshtest.Request{Method: "POST", URI: path})
		if err != nil || a.Status == 400 || a.Status == 403 {
			kept++
			continue
		}
		let++
		if uri, _, _ := strings.Cut(a.Seen(t).URI, "?"); uri != "/validate-token" {
			t.Errorf("%s reached the application as %s", path, uri)
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "post"} {
		if a, err := peer.Do(t, meshtest.Request{Method: method, URI: "/validate-token"}); err == nil && a.Status != 403 && a.Status != 400 {
			t.Errorf("%s: %d", method, a.Status)
		}
	}
	t.Logf("%d spellings let in as the path itself, %d refused", let, kept)
}

// TestAnApplicationKnowsItsCaller sends what a caller must not write itself.
func TestAnApplicationKnowsItsCaller(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	m.Echo("user", nil)
	m.Start("user")
	peer := meshtest.NewPeer(t, m.Places["user"].Inbound, m.Roots.Client(m.Policy.Identity("product")))
	a, err := peer.Do(t, meshtest.Request{Method: "POST", URI: "/validate-token", Header: map[string]string{
		"X-Forwarded-Client-Cert": "URI=" + m.Policy.Identity("notification"), "X-Request-Id": "kept", "Traceparent": "kept too",
	}})
	if err != nil {
		t.Fatal(err)
	}
	seen := a.Seen(t)
	if got := seen.Header["X-Forwarded-Client-Cert"]; len(got) != 1 || strings.ContainsAny(got[0], `,"`) || !strings.HasSuffix(got[0], ";URI="+m.Policy.Identity("product")) {
		t.Errorf("the caller is %q, want product alone", got)
	}
	if seen.Header.Get("X-Request-Id") != "kept" || seen.Header.Get("Traceparent") != "kept too" {
		t.Errorf("ids of the request got lost: %q", seen.Header)
	}
}
