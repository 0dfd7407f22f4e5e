package mesh_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
)

// clients send reads to the edge, several at a time, from begin to stop.
type clients struct {
	sent, failed atomic.Int64
	stop         func()
}

// load lets clients ask for uri of service until stop.
func load(t *testing.T, m *meshtest.Mesh, service, uri string) *clients {
	t.Helper()
	c := &clients{}
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-done:
					return
				default:
				}
				answer, err := client.Get("http://" + m.Public(service) + uri)
				c.sent.Add(1)
				if err != nil || answer.StatusCode != 200 {
					if c.failed.Add(1) == 1 {
						t.Errorf("the first failure: %v %v", answer, err)
					}
				}
				if err == nil {
					_ = answer.Body.Close()
				}
			}
		})
	}
	c.stop = sync.OnceFunc(func() { close(done); all.Wait() })
	t.Cleanup(c.stop)
	return c
}

// more waits until so many more requests were answered.
func (c *clients) more(t *testing.T, n int64) {
	t.Helper()
	from := c.sent.Load()
	testkit.Eventually(t, time.Minute, func() bool { return c.sent.Load() >= from+n }, n, "more requests")
}

// allAnswered stops the clients and fails the test if a request failed.
func (c *clients) allAnswered(t *testing.T) {
	t.Helper()
	c.stop()
	if n := c.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed", n, c.sent.Load())
	}
	t.Logf("%d requests, %d failed", c.sent.Load(), c.failed.Load())
}

// pair is an edge before two replicas of product, both in use.
func pair(t *testing.T) (m *meshtest.Mesh, second string) {
	t.Helper()
	m = meshtest.New(t, meshtest.Policy(t, "{access_log: none, edge: {rest: {rate: 10000000}}}"))
	second = m.Replica("product")
	m.Echo("product", nil)
	m.Echo(second, nil)
	m.Start("product", second, "edge")
	testkit.Eventually(t, 30*time.Second, func() bool { return healthy(m) == 2 }, "both replicas")
	return m, second
}

// healthy is how many replicas of product the edge has.
func healthy(m *meshtest.Mesh) int {
	return m.Envoys["edge"].Stat("cluster.product.membership_healthy")
}

func TestADrainedReplicaIsLeftBeforeItGoes(t *testing.T) {
	m, second := pair(t)
	c := load(t, m, "product", "/products")
	c.more(t, 100)
	m.Envoys[second].Admin("POST /healthcheck/fail")
	m.Envoys[second].Admin("POST /drain_listeners?graceful&skip_exit")
	testkit.Eventually(t, 30*time.Second, func() bool { return healthy(m) == 1 }, "the edge to leave it")
	c.more(t, 100)
	if err := m.Envoys[second].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.more(t, 200)
	c.allAnswered(t)
}

func TestAKilledReplicaCostsNoRead(t *testing.T) {
	m, second := pair(t)
	c := load(t, m, "product", "/products")
	c.more(t, 100)
	if err := m.Envoys[second].Kill(); err != nil {
		t.Fatal(err)
	}
	c.more(t, 500)
	if err := m.Envoys[second].Server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, func() bool { return healthy(m) == 2 }, "the edge to find it again")
	c.more(t, 200)
	c.allAnswered(t)
}

// TestNewCertificatesComeIntoUseUnderLoad gives both ends new ones again and
// again, and then the caller a broken one: the old stays in use, and a figure
// says so.
func TestNewCertificatesComeIntoUseUnderLoad(t *testing.T) {
	m, second := pair(t)
	c := load(t, m, "product", "/products")
	c.more(t, 100)
	edge := m.Envoys["edge"]
	for n := 1; n <= 4; n++ {
		for _, name := range []string{"edge", "product", second} {
			workload := map[bool]string{true: "edge", false: "product"}[name == "edge"]
			m.Roots.Give(m.Places[name].Certs, m.Policy.Identity(workload))
		}
		testkit.Eventually(t, 30*time.Second, func() bool {
			return edge.Stat("cluster.product.client_ssl_socket_factory.ssl_context_update_by_sds") > n
		}, "the new certificate in use")
		c.more(t, 50)
	}
	broken := m.Roots.Files(m.Policy.Edge.Identity)
	broken.Key = m.Roots.Files(m.Policy.Edge.Identity).Key
	meshtest.Write(t, m.Places["edge"].Certs, broken)
	testkit.Eventually(t, 30*time.Second, func() bool { return edge.Stat("sds.workload.key_rotation_failed") > 0 }, "a figure about the broken one")
	c.more(t, 100)
	c.allAnswered(t)
}
