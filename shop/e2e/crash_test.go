package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestNothingIsLostWhenTheShopIsKilled kills the whole shop again and again
// while buyers order and cancel. Afterwards every order that was answered 201
// exists, each order has exactly one notification, and stock + sold is what
// there was: what was reserved for orders that never came to be is given back.
func TestNothingIsLostWhenTheShopIsKilled(t *testing.T) {
	const stock, buyers, kills = 100000, 8, 6
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	settle := "RESERVATION_TTL=1"
	p := spawn(t, dir, port, settle)
	seller := p.buyer(t, "seller")
	product := p.stocked(t, seller.AccessToken, stock)
	sessions := make([]rest.Session, buyers)
	for n := range sessions {
		sessions[n] = p.buyer(t, fmt.Sprintf("buyer%02d", n))
	}

	var (
		answered sync.Map // Order id → buyer.
		count    atomic.Int64
		group    sync.WaitGroup
	)
	ctx, stop := context.WithCancel(t.Context())
	for n, session := range sessions {
		group.Go(func() {
			orders := p.Order.As(session.AccessToken)
			for i := 0; ctx.Err() == nil; i++ {
				a, err := orders.Post(ctx, "/orders", map[string]any{"product_id": product.ID, "quantity": 1})
				if err != nil || a.Status != http.StatusCreated {
					continue // Nobody there, or no answer: nothing was promised.
				}
				var o rest.Order
				if err := a.Into(&o); err != nil {
					t.Errorf("a 201 that is no order: %v", err)
					continue
				}
				answered.Store(o.ID, n)
				count.Add(1)
				if i%5 == 0 {
					_, _ = orders.Do(ctx, http.MethodPut, fmt.Sprintf("/orders/%d", o.ID), map[string]any{"status": "cancelled"})
				}
			}
		})
	}
	for kill := range kills {
		before := count.Load()
		testkit.Eventually(t, patience, func() bool { return count.Load() >= before+20 }, "orders are taken")
		p.kill()
		next := spawn(t, dir, port, settle)
		p.cmd, p.exited, p.out = next.cmd, next.exited, next.out
		t.Logf("kill %d after %d orders", kill+1, count.Load())
	}
	stop()
	group.Wait()

	shop := &p.running
	testkit.Eventually(t, patience, func() error {
		return shop.balanced(t.Context(), product.ID, stock, sessions)
	}, "stock + sold is what there was")
	existing := map[int64]bool{}
	for _, session := range sessions {
		orders, err := shop.ordersOf(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			existing[o.ID] = true
		}
	}
	answered.Range(func(id, _ any) bool {
		if !existing[id.(int64)] {
			t.Errorf("order %v was answered 201 and is not there", id)
		}
		return true
	})
	testkit.Eventually(t, 2*patience, func() error {
		return shop.eachNotifiedOnce(t.Context(), existing, sessions)
	}, "each order has exactly one notification")
	if code := p.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.out.String())
	}
	t.Logf("%d answered 201, %d exist, 0 lost, 0 duplicated", count.Load(), len(existing))
}

func (r *running) eachNotifiedOnce(ctx context.Context, orders map[int64]bool, buyers []rest.Session) error {
	const page = 100
	sent := map[int64]int{}
	for _, buyer := range buyers {
		for skip := 0; ; skip += page {
			a, err := r.Notification.As(buyer.AccessToken).Get(ctx, fmt.Sprintf("/notifications?skip=%d&limit=%d", skip, page))
			if err != nil {
				return err
			}
			if a.Status != http.StatusOK {
				return fmt.Errorf("GET /notifications: %d: %s", a.Status, a.Body)
			}
			var list []rest.Notification
			if err := a.Into(&list); err != nil {
				return err
			}
			for _, n := range list {
				if n.Event == "order.created" && n.State == "sent" {
					sent[n.OrderID]++
				}
			}
			if len(list) < page {
				break
			}
		}
	}
	var wrong []error
	for id := range orders {
		if sent[id] != 1 {
			wrong = append(wrong, fmt.Errorf("order %d has %d notifications", id, sent[id]))
		}
	}
	for id := range sent {
		if !orders[id] {
			wrong = append(wrong, fmt.Errorf("a notification of order %d, which nobody has", id))
		}
	}
	if len(wrong) > 5 {
		wrong = append(wrong[:5], fmt.Errorf("and %d more", len(wrong)-5))
	}
	return errors.Join(wrong...)
}
