package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestAUserServiceThatHangsBehindTheMesh: writes are refused in the contract's
// words before the edge gives up on them, reads go on, and the user service is
// asked hardly more often than the services are.
func TestAUserServiceThatHangsBehindTheMesh(t *testing.T) {
	const clients, each = 8, 25
	p := spawnMesh(t, nil, t.TempDir(), testkit.Ports(t, operator.PortDistance))
	session := p.buyer(t, "buyer")
	bought := p.stocked(t, session.AccessToken, 10).ID
	before := p.tries(t)

	p.signal(t, "mesh/user/pod.json", syscall.SIGSTOP)
	var mu sync.Mutex
	var longest time.Duration
	wrong := map[string]int{}
	var asking sync.WaitGroup
	for n := range clients {
		door, path, body, says := p.Product.As(session.AccessToken), "/products", map[string]any{"name": "x", "price": 1, "quantity": 1}, "Không thể xác thực"
		if n%2 == 0 {
			door, path, body, says = p.Order.As(session.AccessToken), "/orders", map[string]any{"product_id": bought, "quantity": 1}, "Không thể xác thực với User Service"
		}
		asking.Go(func() {
			for range each {
				began := time.Now()
				a, err := door.Post(t.Context(), path, body)
				took := time.Since(began)
				mu.Lock()
				longest = max(longest, took)
				if err != nil || a.Status != http.StatusServiceUnavailable || !strings.Contains(string(a.Body), says) || a.Header.Get("Retry-After") == "" {
					wrong[fmt.Sprint(path, " ", a.Status, " ", string(a.Body), " ", err)]++
				}
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	for answer, times := range wrong {
		t.Errorf("%d × %s", times, answer)
	}
	if a, err := p.Product.Get(t.Context(), "/products"); err != nil || a.Status != http.StatusOK {
		t.Errorf("reading meanwhile: %d %v", a.Status, err)
	}
	tries := p.tries(t) - before
	if most := 1.2 * clients * each; tries > most {
		t.Errorf("the user service was asked %.0f times for %d requests, want at most %.0f", tries, clients*each, most)
	}
	t.Logf("%d requests while the user service hangs: %.0f tries, the longest took %s", clients*each, tries, longest.Round(time.Millisecond))

	p.signal(t, "mesh/user/pod.json", syscall.SIGCONT)
	testkit.Eventually(t, patience, func() error {
		a, err := p.Order.As(session.AccessToken).Post(t.Context(), "/orders", map[string]any{"product_id": bought, "quantity": 1})
		if err == nil && a.Status != http.StatusCreated {
			err = fmt.Errorf("answered %d: %s", a.Status, a.Body)
		}
		return err
	}, "orders are taken again")
}

// signal sends s to the service of a pod.
func (p *process) signal(t *testing.T, pod string, s syscall.Signal) {
	t.Helper()
	sent := 0
	for _, m := range family(t, p.mark) {
		if strings.Contains(m.name, "pod serve ") && strings.Contains(m.name, pod) {
			if err := syscall.Kill(m.pid, s); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	if sent != 1 {
		t.Fatalf("%d services of %s", sent, pod)
	}
}

// tries returns how often the sidecars have asked the user service so far, each
// try by itself.
func (p *process) tries(t *testing.T) (all float64) {
	t.Helper()
	pages := 0
	for _, word := range strings.Fields(p.out.String()) {
		if !strings.HasSuffix(word, "/stats/prometheus") {
			continue
		}
		pages++
		a, err := rest.Client{Base: word}.Get(t.Context(), "")
		if err != nil || a.Status != http.StatusOK {
			t.Fatalf("%s: %d %v", word, a.Status, err)
		}
		for line := range strings.Lines(string(a.Body)) {
			var n float64
			if name, rest, ok := strings.Cut(line, "{"); ok && name == "envoy_cluster_upstream_rq_total" && strings.Contains(rest, `envoy_cluster_name="user"`) {
				if _, err := fmt.Sscan(rest[strings.LastIndex(rest, "}")+1:], &n); err != nil {
					t.Fatal(err)
				}
				all += n
			}
		}
	}
	if pages != 4 {
		t.Fatalf("%d sidecars show figures, want 4", pages)
	}
	return all
}
