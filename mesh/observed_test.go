package mesh_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
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
	meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/internal/reservations"})
	for workload, want := range map[string][]map[string]any{
		"edge": {
			{"service": "edge", "route": "reads", "status": 200.0, "request_id": a.Header.Get("X-Request-Id"), "client": "127.0.0.1", "listener": "public_product"},
			{"service": "edge", "route": "refused", "status": 404.0},
		},
		"product": {
			{"service": "product-sidecar", "route": "rest", "status": 200.0, "request_id": a.Header.Get("X-Request-Id"), "caller": m.Policy.Edge.Identity, "listener": "inbound"},
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
			if line["level"] != "INFO" || line["msg"] != "request" || line["method"] != "GET" {
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
