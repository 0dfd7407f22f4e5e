package mesh_test

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
)

// TestTriesAgainWhatIsSafe lets an application fail in several ways and counts
// how often it was asked.
func TestTriesAgainWhatIsSafe(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, "upstream: {budget: {percent: 100, floor: 100}, outlier: {failures: 1000, unreached: 1000}}"))
	// Found by name, as in a container.
	at := m.Places["product"]
	at.Callees["user"] = []string{strings.Replace(at.Callees["user"][0], "127.0.0.1", "localhost", 1)}
	var asked atomic.Int32
	fail := func(w http.ResponseWriter, r *http.Request) bool {
		n := int(asked.Add(1))
		switch r.Header.Get("X-Fail") {
		case "503":
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case "503 once":
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		case "500":
			w.WriteHeader(http.StatusInternalServerError)
			return true
		case "broken":
			panic(http.ErrAbortHandler)
		}
		return false
	}
	unlessProbe := func(w http.ResponseWriter, r *http.Request) bool { return r.URL.Path != "/readyz" && fail(w, r) }
	m.Echo("user", unlessProbe)
	m.Start("user", "product", "edge")
	egress, public := m.Places["product"].Egress["user"], m.Public("user")
	validate := meshtest.Request{Method: "POST", URI: "/validate-token", Body: "{}"}
	for name, tt := range map[string]struct {
		to     string
		ask    meshtest.Request
		fail   string
		asked  int
		status int
	}{
		"an idempotent call, once":        {egress, validate, "503 once", 2, 200},
		"an idempotent call, for ever":    {egress, validate, "503", 3, 503},
		"an idempotent call that breaks":  {egress, validate, "broken", 3, 503},
		"a fault that stays":              {egress, validate, "500", 1, 500},
		"a write from outside":            {public, meshtest.Request{Method: "POST", URI: "/register", Body: "{}"}, "503", 1, 503},
		"a write from outside that broke": {public, meshtest.Request{Method: "POST", URI: "/register", Body: "{}"}, "broken", 1, 503},
		"a read from outside":             {public, meshtest.Request{URI: "/users/me"}, "503", 1, 503},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			tt.ask.Header = map[string]string{"X-Fail": tt.fail}
			a := meshtest.Do(t, tt.to, tt.ask)
			if got := int(asked.Load()); a.Status != tt.status || got != tt.asked {
				t.Errorf("%d after %d tries, want %d after %d", a.Status, got, tt.status, tt.asked)
			}
		})
	}
}

// TestAReplicaWithoutItsApplicationCostsNothing: what a sidecar could not hand on
// is sent to another replica, whatever it is.
func TestAReplicaWithoutItsApplicationCostsNothing(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, "upstream: {health: {interval: 1m}, outlier: {failures: 1000}}"))
	half := m.Replica("product")
	m.Echo("product", nil)
	stop := m.Echo(half, nil)
	m.Start("product", half, "edge")
	testkit.Eventually(t, 30*time.Second, func() bool { return m.Envoys["edge"].Stat("cluster.product.membership_healthy") == 2 }, "both replicas")
	stop()
	for range 20 {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			a := meshtest.Do(t, m.Public("product"), meshtest.Request{Method: method, URI: "/products/7"})
			if a.Status != 200 || a.Header.Get("X-Mesh-Flags") != "" {
				t.Errorf("%s: %d %s %v", method, a.Status, a.Body, a.Header)
			}
		}
	}
	if m.Envoys[half].Stat("http.inbound.downstream_rq_5xx") == 0 {
		t.Error("the other replica was never asked")
	}
}

// TestOnlyReadsAreSentAgainWhenAnApplicationDiesOverThem: one of two replicas
// takes requests and breaks off.
func TestOnlyReadsAreSentAgainWhenAnApplicationDiesOverThem(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, "upstream: {outlier: {failures: 1000}}"))
	var broken, writes atomic.Int32
	dying := m.Replica("product")
	m.Echo("product", nil)
	m.Echo(dying, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/readyz" {
			return false
		}
		broken.Add(1)
		if r.Method == http.MethodPost {
			writes.Add(1)
		}
		panic(http.ErrAbortHandler)
	})
	m.Start("product", dying, "edge")
	testkit.Eventually(t, 30*time.Second, func() bool { return m.Envoys["edge"].Stat("cluster.product.membership_healthy") == 2 }, "both replicas")
	failed := int32(0)
	for range 30 {
		if a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products"}); a.Status != 200 {
			t.Errorf("a read: %d %s", a.Status, a.Body)
		}
		if a := meshtest.Do(t, m.Public("product"), meshtest.Request{Method: "POST", URI: "/products", Body: "{}"}); a.Status != 200 {
			failed++
		}
	}
	if failed == 0 || failed != writes.Load() || broken.Load() == writes.Load() {
		t.Errorf("%d broken off, %d of them writes; %d writes failed, want each of them", broken.Load(), writes.Load(), failed)
	}
}

// TestAReplicaThatFailsEverythingIsLeftAlone until it is tried again, and then at
// once again.
func TestAReplicaThatFailsEverythingIsLeftAlone(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, "upstream: {outlier: {interval: 100ms, ejection: 200ms}}"))
	failing := m.Replica("product")
	var asked atomic.Int32
	m.Echo("product", nil)
	m.Echo(failing, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/readyz" {
			return false
		}
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	m.Start("product", failing, "order")
	order := m.Envoys["order"]
	testkit.Eventually(t, 30*time.Second, func() bool { return order.Stat("cluster.product.membership_healthy") == 2 }, "both replicas")
	sent, ejections := 0, 0
	testkit.Eventually(t, time.Minute, func() bool {
		for range 10 {
			sent++
			if a := meshtest.Do(t, m.Places["order"].Egress["product"], meshtest.Request{Method: "POST", URI: "/internal/reservations", Body: "{}"}); a.Status != 200 {
				t.Errorf("request %d: %d %s %v", sent, a.Status, a.Body, a.Header)
			}
		}
		ejections = order.Stat("cluster.product.outlier_detection.ejections_enforced_total")
		return ejections >= 4
	}, "it to be put out four times")
	// A try or two may be under way while the last failure is being counted.
	if most := (m.Policy.Upstream.Outlier.Failures + 2) * (ejections + 1); int(asked.Load()) > most {
		t.Errorf("it was asked %d times for %d ejections, want at most %d", asked.Load(), ejections, most)
	}
	t.Logf("%d requests, %d tries on the failing replica, %d ejections", sent, asked.Load(), ejections)
}

// TestAFailedTryIsRepeatedElsewhereHoweverIdleItsReplicaIs: the replica with the
// fewest requests under way is preferred, and one that fails at once has none.
func TestAFailedTryIsRepeatedElsewhereHoweverIdleItsReplicaIs(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t, `{upstream: {outlier: {failures: 1000}}, calls: {order: {product: {POST /internal/reservations: {timeout: 1m}}}}}`))
	failing := m.Replica("product")
	var refused atomic.Int32
	busy := make(chan struct{})
	m.Echo("product", func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Wait") != "" {
			<-busy
		}
		return false
	})
	m.Echo(failing, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/readyz" || r.Header.Get("X-Wait") != "" {
			return false
		}
		refused.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	m.Start("product", failing, "order")
	order := m.Envoys["order"]
	testkit.Eventually(t, 30*time.Second, func() bool { return order.Stat("cluster.product.membership_healthy") == 2 }, "both replicas")
	reserve := func(header map[string]string) meshtest.Answer {
		return meshtest.Do(t, m.Places["order"].Egress["product"], meshtest.Request{Method: "POST", URI: "/internal/reservations", Body: "{}", Header: header})
	}
	// Keeps the good replica at work.
	var wait sync.WaitGroup
	t.Cleanup(func() { close(busy); wait.Wait() })
	for range 8 {
		wait.Go(func() { reserve(map[string]string{"X-Wait": "1"}) })
	}
	testkit.Eventually(t, time.Second, func() bool { return order.Stat("cluster.product.upstream_rq_active") > 0 }, "a request under way")
	for range 200 {
		if a := reserve(nil); a.Status != 200 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if refused.Load() == 0 {
		t.Error("the other replica was never asked")
	}
}

// TestASidecarThatIsGoneCostsNothing: one of two takes connections and closes
// them.
func TestASidecarThatIsGoneCostsNothing(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	m.Echo("product", nil)
	// A server that closes every connection that it gets.
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	go func() {
		for {
			conn, err := dead.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	at := m.Places["edge"]
	at.Callees["product"] = append(at.Callees["product"], dead.Addr().String())
	m.Start("product", "edge")
	for range 20 {
		for _, method := range []string{"GET", "POST"} { // Neither has reached a service.
			if a := meshtest.Do(t, m.Public("product"), meshtest.Request{Method: method, URI: "/products"}); a.Status != 200 {
				t.Errorf("%s: %d %s", method, a.Status, a.Body)
			}
		}
	}
}
