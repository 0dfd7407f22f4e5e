package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"shop/shop/rest"
)

// Promise 9: one idempotency key is one order. 50 requests at once with one key
// make one; when the order process is killed in the middle, before or after the
// order is stored, the key can be used again and there is one order.
func oneKeyOneOrder(t *testing.T, s *stage) {
	p := s.open(t, layout{replicas: map[string]int{"order": 2}, links: []link{{"order-1", "product"}}})
	buyer := p.buyers(t, 1)[0]
	product := p.stocked(t, buyer, pieces)
	t.Run("50 at once", func(t *testing.T) { fiftyAtOnce(t, p, buyer, product.ID) })
	t.Run("killed before the order is stored", func(t *testing.T) {
		way := p.links[link{"order-1", "product"}]
		killedWithKey(t, p, buyer, product.ID, way, p.processes["order"][0].Addr(), "SIGKILL between reserve and create", func() error {
			_, err := p.reserved(t.Context(), product.ID)
			return err
		})
	})
	t.Run("killed before the answer is sent", func(t *testing.T) {
		front := newProxy(t, p.processes["order"][0].Addr())
		orders := p.mustCount(t, "order", `SELECT count(*) FROM orders`)
		killedWithKey(t, p, buyer, product.ID, front, front.Addr(), "SIGKILL between create and answer", func() error {
			n, err := p.count(t.Context(), "order", `SELECT count(*) FROM orders`)
			if err == nil && n != orders+1 {
				err = fmt.Errorf("%d orders, want %d", n, orders+1)
			}
			return err
		})
	})
}

// fiftyAtOnce orders with one key from 50 clients, each until it is answered 201.
func fiftyAtOnce(t *testing.T, p *shop, buyer rest.Session, product int64) {
	const parallel = 50
	var (
		mu      sync.Mutex
		ids     = map[int64]int{}
		waiting int
		group   sync.WaitGroup
	)
	for range parallel {
		group.Go(func() {
			id, told := p.orderWithKey(t, p.Order, buyer, product, "fifty at once")
			mu.Lock()
			defer mu.Unlock()
			ids[id]++
			waiting += told
		})
	}
	group.Wait()
	if err := p.balanced(t.Context(), product, pieces); len(ids) != 1 || p.mustCount(t, "order", `SELECT count(*) FROM orders`) != 1 {
		t.Errorf("%d parallel requests with one key were answered with %d orders; %v", parallel, len(ids), err)
	}
	p.awaitBalance(t, product, pieces)
	p.stage.report.Add(t, fmt.Sprintf("%d requests at once with one key", parallel),
		fmt.Sprintf("%d order; %d × 409 on the way", len(ids), waiting), "")
}

// killedWithKey orders with a key at the address of order-1, kills order-1 when
// it has come as far as reached says (the answers on way are held, so that it
// comes no farther), and orders again.
func killedWithKey(
	t *testing.T, p *shop, buyer rest.Session, product int64, way *proxy, address string, what string, reached func() error,
) {
	victim := p.processes["order"][0]
	before := p.mustCount(t, "order", `SELECT count(*) FROM orders`)
	way.HoldAnswers()
	given := make(chan error, 1)
	go func() {
		_, a, err := buy(context.WithoutCancel(t.Context()), rest.Client{Base: "http://" + address, HTTP: newHTTPClient(t)},
			buyer, product, 1, rest.Header("Idempotency-Key", t.Name()))
		if err == nil {
			err = fmt.Errorf("answered %d", a.Status)
		}
		given <- err
	}()
	eventually(t, patience, reached, "the order process is in the middle")
	victim.Kill()
	way.Cut()
	way.Release()
	way.Mend()
	t.Logf("the first one: %v", <-given)
	victim.Start(t)

	start := time.Now()
	id, waiting := p.orderWithKey(t, p.Order, buyer, product, t.Name())
	took := time.Since(start)
	again, _ := p.orderWithKey(t, p.Order, buyer, product, t.Name())
	if now := p.mustCount(t, "order", `SELECT count(*) FROM orders`); now != before+1 || again != id {
		t.Errorf("the key is orders %d and %d; there are %d more orders, want 1", id, again, now-before)
	}
	p.awaitBalance(t, product, pieces)
	p.stage.report.Add(t, what, fmt.Sprintf("1 order; %d × 409 before", waiting), short(took)+" until the key was an order")
}

// orderWithKey orders until it is answered 201, and returns the order and how
// often it was told that another request with the key is under way.
func (p *shop) orderWithKey(t *testing.T, door rest.Client, buyer rest.Session, product int64, key string) (id int64, waiting int) {
	const pace = 100 * time.Millisecond
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		placed, a, err := buy(t.Context(), door, buyer, product, 1, rest.Header("Idempotency-Key", key))
		switch {
		case err != nil:
			t.Errorf("POST /orders: %v", err)
			return 0, waiting
		case a.Status == http.StatusCreated:
			return placed.ID, waiting
		case a.Status != http.StatusConflict || a.Header.Get("Retry-After") == "":
			t.Errorf("POST /orders: %d: %s", a.Status, a.Body)
			return 0, waiting
		}
		waiting++
		select {
		case <-time.After(pace):
		case <-t.Context().Done():
		}
	}
	t.Errorf("the key %q can't be used within %s", key, patience)
	return 0, waiting
}
