package mesh_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
)

// TestOneTraceFromTheEdgeOn gives Envoys a collector that is not there: requests
// are none the worse, and every part knows the same trace.
func TestOneTraceFromTheEdgeOn(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	for workload, at := range m.Places {
		at.OTLP = "127.0.0.1:9"
		m.Places[workload] = at
	}
	m.Echo("product", nil)
	m.Start("product", "edge")
	a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products", Header: map[string]string{
		"Traceparent": "00-11111111111111111111111111111111-2222222222222222-00",
	}})
	id := a.Header.Get("X-Trace-Id")
	parent := strings.Split(a.Seen(t).Header.Get("Traceparent"), "-")
	if len(parent) != 4 || !isTraceID(id) || parent[1] != id || parent[3] != "01" || id == strings.Repeat("1", 32) {
		t.Errorf("trace %s, the application's parent is %s; want one trace, begun and recorded by the edge", id, parent)
	}
	refused := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/metrics"})
	if ids := refused.Header["X-Trace-Id"]; len(ids) != 1 || !isTraceID(ids[0]) || ids[0] == id {
		t.Errorf("X-Trace-Id of the edge's own answer: %q", ids)
	}
}

// TestALineForEachRequestInTheFormOfTheServices reads the access logs.
func TestALineForEachRequestInTheFormOfTheServices(t *testing.T) {
	m := front(t, "product")
	a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products?secret=7"})
	meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/Internal/reservations"})
	for workload, want := range map[string][]map[string]any{
		"edge": {
			{"service": "edge", "route": "reads", "status": 200.0, "request_id": a.Header.Get("X-Request-Id"), "level": "INFO", "client": nil, "event": nil, "listener": "public_product"},
			{"service": "edge", "route": "refused", "status": 404.0, "level": "WARN", "event": "path_refused", "client": "127.0.0.1"},
		},
		"product": {
			{"service": "product-sidecar", "route": "rest", "status": 200.0, "request_id": a.Header.Get("X-Request-Id"), "level": "INFO", "caller": m.Policy.Edge.Identity, "listener": "inbound"},
		},
	} {
		lines := m.Envoys[workload].AccessLog(t, len(want))
		if len(lines) != len(want) {
			t.Errorf("%s: %d lines, want %d: %v", workload, len(lines), len(want), lines)
			continue
		}
		for i, line := range lines {
			for name, value := range want[i] {
				if line[name] != value {
					t.Errorf("%s: %s is %v, want %v", workload, name, line[name], value)
				}
			}
			if line["msg"] != "request" || line["method"] != "GET" {
				t.Errorf("%s: %v", workload, line)
			}
			if at, err := time.Parse("2006-01-02T15:04:05.000000Z", fmt.Sprint(line["time"])); err != nil || time.Since(at) > time.Minute {
				t.Errorf("%s: time %v %v", workload, line["time"], err)
			}
			if took, ok := line["duration_us"].(float64); !ok || took < 1 {
				t.Errorf("%s: duration_us %v", workload, line["duration_us"])
			}
			if strings.Contains(fmt.Sprint(line), "secret") {
				t.Errorf("%s: a query in the log: %v", workload, line)
			}
		}
	}
	if ids := m.Envoys["edge"].AccessLog(t, 2); !isTraceID(fmt.Sprint(ids[1]["trace_id"])) {
		t.Errorf("the edge's own answer has the trace %v", ids[1]["trace_id"])
	}
}

// TestRefusalsAreEventsOfTheirOwn: who was kept out is in their lines, and in no
// other; also where ordinary requests are not told.
func TestRefusalsAreEventsOfTheirOwn(t *testing.T) {
	for _, told := range []string{"all", "errors"} {
		t.Run(told, func(t *testing.T) {
			p := meshtest.Policy(t, "access_log: "+told, "edge: {routes: {user: {/login: {rate: 1}}}}")
			m := meshtest.New(t, p)
			m.Echo("user", nil)
			m.Start("user", "edge")
			login := func() int {
				return meshtest.Do(t, m.Public("user"), meshtest.Request{Method: "POST", URI: "/login", Body: "{}"}).Status
			}
			if first, second := login(), login(); first != 200 || second != 429 {
				t.Fatalf("logins: %d and %d", first, second)
			}
			peer := meshtest.NewPeer(t, m.Places["user"].Inbound, m.Roots.Client(p.Identity("product")))
			if a, err := peer.Do(t, meshtest.Request{Method: "GET", URI: "/internal/users/7/contact"}); err != nil || a.Status != 403 {
				t.Fatalf("product asks for a contact: %d %v", a.Status, err)
			}
			for workload, want := range map[string]map[string]any{
				"edge": {"event": "rate_limited", "level": "WARN", "client": "127.0.0.1", "status": 429.0, "route": "/login"},
				"user": {"event": "call_refused", "level": "WARN", "client": nil, "status": 403.0, "caller": p.Identity("product")},
			} {
				lines, events := 1, 0
				if told == "all" {
					lines = 2
				}
				for _, line := range m.Envoys[workload].AccessLog(t, lines) {
					if line["event"] == nil {
						if line["client"] != nil || line["level"] != "INFO" {
							t.Errorf("%s: an ordinary line: %v", workload, line)
						}
						continue
					}
					events++
					for name, value := range want {
						if line[name] != value {
							t.Errorf("%s: %s is %v, want %v", workload, name, line[name], value)
						}
					}
				}
				if all := m.Envoys[workload].AccessLog(t, lines); events != 1 || len(all) != lines {
					t.Errorf("%s: %d events in %d lines, want 1 in %d", workload, events, len(all), lines)
				}
			}
		})
	}
}

// TestEachCallHasItsFigures at the caller's sidecar and at the callee's, under the
// last word of its path.
func TestEachCallHasItsFigures(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	calls := map[[2]string]map[string]string{ // Caller and callee, name and what is asked.
		{"product", "user"}:      {"validate_token": "POST /validate-token"},
		{"product", "order"}:     {"settle": "POST /internal/reservations/7/settle"},
		{"order", "user"}:        {"validate_token": "POST /validate-token"},
		{"order", "product"}:     {"reservations": "POST /internal/reservations"},
		{"notification", "user"}: {"validate_token": "POST /validate-token", "contact": "GET /internal/users/7/contact"},
	}
	for _, service := range m.Policy.Names() {
		m.Echo(service, nil)
		m.Start(service)
	}
	counted := func(at, host, name string) float64 {
		page := meshtest.Do(t, m.Places[at].Stats, meshtest.Request{URI: "/stats/prometheus?usedonly"}).Body
		for line := range strings.Lines(page) {
			rest, is := strings.CutPrefix(line, "envoy_vhost_vcluster_upstream_rq_total{")
			labels, value, _ := strings.Cut(rest, "} ")
			if is && labels == fmt.Sprintf(`mesh_service=%q,envoy_virtual_cluster=%q,envoy_virtual_host=%q`, at, name, host) {
				n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil {
					t.Error(err)
				}
				return n
			}
		}
		return 0
	}
	received := map[[2]string]float64{}
	for pair, names := range calls {
		for name, what := range names {
			method, path, _ := strings.Cut(what, " ")
			if a := meshtest.Do(t, m.Places[pair[0]].Egress[pair[1]], meshtest.Request{Method: method, URI: path, Body: "{}"}); a.Status != 200 {
				t.Errorf("%v: %s: %d", pair, what, a.Status)
			}
			received[[2]string{pair[1], name}]++
			if n := counted(pair[0], pair[1], name); n != 1 {
				t.Errorf("%s's sidecar counts %v of its %s at %s, want 1", pair[0], n, name, pair[1])
			}
		}
	}
	for at, want := range received {
		if n := counted(at[0], "mesh", at[1]); n != want {
			t.Errorf("%s's sidecar counts %v of %s, want %v", at[0], n, at[1], want)
		}
	}
	pairs := 0
	for _, caller := range m.Policy.Names() {
		for _, callee := range m.Policy.Callees(caller) {
			for range m.Policy.Between(caller, callee) {
				pairs++
			}
		}
	}
	if pairs != 6 {
		t.Errorf("the policy has %d calls, this test knows 6", pairs)
	}
}

// TestOnlyTwoPagesOfEnvoyAreShown asks the port of figures for all that Envoy's
// own interface can do.
func TestOnlyTwoPagesOfEnvoyAreShown(t *testing.T) {
	m := front(t, "product")
	for _, workload := range []string{"product", "edge"} {
		addr := m.Places[workload].Stats
		a := meshtest.Do(t, addr, meshtest.Request{URI: "/stats/prometheus?usedonly"})
		if a.Status != 200 || !strings.Contains(a.Body, `mesh_service="`+workload+`"`) {
			t.Errorf("%s: %d, %d bytes of figures", workload, a.Status, len(a.Body))
		}
		if a := meshtest.Do(t, addr, meshtest.Request{URI: "/ready"}); a.Status != 200 {
			t.Errorf("%s: not ready: %d", workload, a.Status)
		}
		for _, r := range []meshtest.Request{
			{Method: "POST", URI: "/quitquitquit"}, {Method: "POST", URI: "/stats/prometheus/../../quitquitquit"}, {URI: "/config_dump"}, {URI: "/certs"},
			{Method: "POST", URI: "/healthcheck/fail"}, {Method: "POST", URI: "/stats/prometheus"}, {URI: "/stats"}, {URI: "/ready/../config_dump"}, {URI: "/"},
		} {
			if a := meshtest.Do(t, addr, r); a.Status != 404 {
				t.Errorf("%s %s %s: %d", workload, r.Method, r.URI, a.Status)
			}
		}
	}
}

// TestTheSocketOfEnvoyIsItsOwners: whoever may write there can stop Envoy.
func TestTheSocketOfEnvoyIsItsOwners(t *testing.T) {
	m := front(t, "product")
	info, err := os.Stat(m.Places["product"].Admin)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// TestThePublicSideSpeaksTLSWhereItHasACertificate also when that changes.
func TestThePublicSideSpeaksTLSWhereItHasACertificate(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	m.Echo("product", nil)
	public := t.TempDir()
	m.Roots.Give(public, "https://shop.test/first")
	at := m.Places["edge"]
	at.PublicCerts = public
	m.Places["edge"] = at
	m.Start("product", "edge")
	shown := func() string {
		config := m.Roots.Client("https://client.test/")
		config.Certificates, config.MinVersion = nil, tls.VersionTLS12
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+m.Public("product")+"/products", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var seen meshtest.Seen
		if err := json.NewDecoder(answer.Body).Decode(&seen); err != nil || answer.ProtoMajor != 2 || seen.Header.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("%s %v %v", answer.Proto, seen, err)
		}
		for name, value := range m.Policy.Edge.TLSHeaders {
			if got := answer.Header.Values(name); !slices.Equal(got, []string{value}) {
				t.Errorf("%s: %q", name, got)
			}
		}
		return answer.TLS.PeerCertificates[0].URIs[0].Path
	}
	if got := shown(); got != "/first" {
		t.Errorf("shows %s", got)
	}
	m.Roots.Give(public, "https://shop.test/second")
	testkit.Eventually(t, 30*time.Second, func() bool { return shown() == "/second" }, "the new certificate")
}
