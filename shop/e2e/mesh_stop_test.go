package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestAMeshThatStopsUnderLoadLosesNothing: SIGINT while clients read and order, on
// connections that they keep and on new ones. Each request that the edge has
// accepted, which its log tells, is answered, and none with a 5xx; what else came
// met a door that was closing. Every order that was answered is there after the
// next start, with one notification.
func TestAMeshThatStopsUnderLoadLosesNothing(t *testing.T) {
	const clients = 8
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawnOn(t, []string{"--mesh"}, dir, port, envoy(t))
	answered := &counted{inner: http.DefaultTransport}
	p.counting(answered)
	seller := p.buyer(t, "seller")
	product := p.stocked(t, seller.AccessToken, 1_000_000)
	sessions := make([]rest.Session, clients)
	for n := range sessions {
		sessions[n] = p.buyer(t, fmt.Sprintf("buyer%02d", n))
	}

	var (
		group  sync.WaitGroup
		orders sync.Map
		placed atomic.Int64
		failed atomic.Int64
		closed atomic.Int64
	)
	ctx, cancel := context.WithCancel(t.Context())
	for n, session := range sessions {
		transport := &http.Transport{DisableKeepAlives: n%2 == 0}
		defer transport.CloseIdleConnections()
		shop := p.Shop
		for _, door := range []*rest.Client{&shop.Order, &shop.Product} {
			door.Token, door.HTTP = session.AccessToken, &http.Client{Transport: &counted{inner: transport, sum: answered}}
		}
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				var a rest.Answer
				var err error
				if i%4 == 0 {
					a, err = shop.Order.Post(ctx, "/orders", map[string]any{"product_id": product.ID, "quantity": 1})
				} else {
					a, err = shop.Product.Get(ctx, fmt.Sprintf("/products/%d", product.ID))
				}
				switch {
				case errors.Is(err, syscall.ECONNREFUSED):
					return // The door stays closed.
				case err != nil:
					closed.Add(1)
				case a.Status >= http.StatusInternalServerError:
					failed.Add(1)
					t.Errorf("answered %d: %s", a.Status, a.Body)
				case a.Status == http.StatusCreated:
					var o rest.Order
					if err := a.Into(&o); err != nil {
						t.Error(err)
					}
					orders.Store(o.ID, true)
					placed.Add(1)
				}
			}
		})
	}
	testkit.Eventually(t, patience, func() bool { return placed.Load() >= 100 }, "orders are taken")
	code := p.interrupt(t)
	cancel()
	group.Wait()
	if code != 0 {
		t.Errorf("exit code %d\n%s", code, p.out.String())
	}
	took, want := accepted(t, dir), answered.n.Load()
	if took != want {
		t.Errorf("%d requests accepted, %d answered", took, want)
	}
	if left := family(t, p.mark); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d requests accepted, %d answered, %d with a 5xx, %d came to a door that closed", took, want, failed.Load(), closed.Load())

	next := spawnMesh(t, nil, dir, port)
	existing := map[int64]bool{}
	for _, session := range sessions {
		list, err := next.ordersOf(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			existing[o.ID] = true
		}
	}
	orders.Range(func(id, _ any) bool {
		if !existing[id.(int64)] {
			t.Errorf("order %v was answered 201 and is not there", id)
		}
		return true
	})
	testkit.Eventually(t, patience, func() error { return next.eachNotifiedOnce(t.Context(), existing, sessions) }, "each order has exactly one notification")
	t.Logf("%d orders answered, %d exist, each with one notification", placed.Load(), len(existing))
	if code := next.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, next.out.String())
	}
}

// counted counts the answers that come.
type counted struct {
	inner http.RoundTripper
	sum   *counted // Counts them too; nil = nobody.
	n     atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := c.inner.RoundTrip(r)
	if err == nil {
		c.n.Add(1)
		if c.sum != nil {
			c.sum.n.Add(1)
		}
	}
	return a, err
}

// counting makes p's clients use transport.
func (p *process) counting(transport http.RoundTripper) {
	for _, door := range []*rest.Client{&p.User, &p.Product, &p.Order, &p.Notification} {
		door.HTTP = &http.Client{Transport: transport, Timeout: patience}
	}
}

// accepted returns how many requests the edge's log has, but for those by which
// the start was awaited.
func accepted(t *testing.T, dir string) (n int64) {
	t.Helper()
	for line := range bytes.Lines(read(t, filepath.Join(dir, "mesh", "edge", "access.log"))) {
		var request struct{ Msg, Listener string }
		if err := json.Unmarshal(line, &request); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if request.Msg == "request" && request.Listener != "public_notification" {
			n++
		}
	}
	return n
}
