package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/order"
	"shop/shop/rest"
)

// Promise 10: state stays right when clocks step, when messages are delivered
// again and when changes of an order arrive in the wrong order.
func wrongClocksAndDeliveries(t *testing.T, s *stage) {
	t.Run("deliveries", func(t *testing.T) { wrongDeliveries(t, s) })
	t.Run("clocks", func(t *testing.T) { wrongClocks(t, s) })
}

// wrongDeliveries takes the events of some orders away before anybody handles
// them, and delivers them last first, three times each.
func wrongDeliveries(t *testing.T, s *stage) {
	const repeats, quantity = 3, 10
	p := s.open(t, layout{})
	spyOn(t, s.rabbit.URL())
	spy := heard(t, s.rabbit.URL())
	buyer := p.buyers(t, 1)[0]
	product := p.stocked(t, buyer, pieces)
	notification, stock := p.processes["notification"][0], p.processes["product"][0]
	notification.Terminate(t)
	var orders [3]rest.Order
	for i := range orders {
		orders[i] = p.mustOrder(t, buyer, product.ID, quantity)
	}
	stock.Terminate(t)
	p.become(t, buyer, orders[0].ID, "confirmed", "cancelled")
	p.become(t, buyer, orders[1].ID, "confirmed", "shipped")
	p.remove(t, buyer, orders[2].ID)
	const events = 8
	testkit.Eventually(t, patience, func() bool { n, _ := spy.Orders(t); return n == events }, "all events are published")

	broker := newStranger(t, s.rabbit.URL())
	published := map[string]int{}
	for _, q := range order.Topology().Queues {
		broker.purge(t, q.Name)
		for range repeats {
			for _, d := range slices.Backward(spy.All()) {
				if slices.Contains(q.Types, d.Type) {
					broker.publish(t, q.Name, again(d))
					published[q.Name]++
				}
			}
		}
	}
	stock.Start(t)
	notification.Start(t)
	for queue, consumer := range map[string]*process{"order_notifications": notification, "product_stock": stock} {
		name, _, _ := strings.Cut(consumer.name, "-")
		testkit.Eventually(t, patience, func() error {
			n, err := consumer.metric(t.Context(), name+"_messages_total")
			if err == nil && int(n) < published[queue] {
				err = fmt.Errorf("%v of %d deliveries are handled", n, published[queue])
			}
			return err
		}, "all deliveries are handled")
	}
	p.awaitBalance(t, product.ID, pieces)
	var told []string
	testkit.Eventually(t, patience, func() error {
		told = nil
		return p.list(t.Context(), &told, "notification", `SELECT order_id || ' ' || status FROM notifications ORDER BY 1`)
	}, "the notifications can be read")
	want := []string{
		fmt.Sprint(orders[0].ID, " cancelled"), fmt.Sprint(orders[0].ID, " pending"),
		fmt.Sprint(orders[1].ID, " pending"), fmt.Sprint(orders[1].ID, " shipped"),
		fmt.Sprint(orders[2].ID, " pending"),
	}
	left := p.mustCount(t, "product", `SELECT quantity FROM products WHERE id = $1`, product.ID)
	if !slices.Equal(told, want) || left != pieces-quantity {
		t.Errorf("told %q, want %q; %d in stock, want %d", told, want, left, pieces-quantity)
	}
	s.report.Add(t, fmt.Sprintf("the %d events of 3 orders delivered last first, %d times each: %v", events, repeats, published),
		fmt.Sprintf("%d notifications, each once, older news left out; %d in stock, released once", len(told), left), "")
}

// become moves an order through states.
func (p *shop) become(t *testing.T, buyer rest.Session, id int64, statuses ...string) {
	t.Helper()
	for _, status := range statuses {
		if a, err := p.setStatus(t.Context(), buyer, id, status); err != nil || a.Status != http.StatusOK {
			t.Fatalf("make order %d %s: %d %v: %s", id, status, a.Status, err, a.Body)
		}
	}
}

// remove deletes an order.
func (p *shop) remove(t *testing.T, buyer rest.Session, id int64) {
	t.Helper()
	a, err := p.Order.As(buyer.AccessToken).Do(t.Context(), http.MethodDelete, fmt.Sprintf("/orders/%d", id), nil)
	if err != nil || a.Status != http.StatusNoContent {
		t.Fatalf("delete order %d: %d %v: %s", id, a.Status, err, a.Body)
	}
}

// wrongClocks runs the services in this process, by one clock that jumps while
// buyers order and cancel. It ends ahead of every moment it has shown, so that
// whatever was put off comes due.
func wrongClocks(t *testing.T, s *stage) {
	const (
		stock = 1_000_000
		each  = 50 // Orders between two steps.
	)
	moved := &clock{}
	p := s.open(t, layout{now: moved.Now})
	buyers := p.buyers(t, 8)
	product := p.stocked(t, buyers[0], stock)
	var placed acknowledged
	stop := meanwhile(t, func(ctx context.Context) {
		var group sync.WaitGroup
		for n, buyer := range buyers {
			group.Go(func() { p.orderAndCancel(ctx, buyer, product.ID, rand.New(rand.NewPCG(10, uint64(n))), &placed) })
		}
		group.Wait()
	})
	steps := []string{"+10m", "-10m", "+1s", "-2s", "+15m"}
	for _, step := range steps {
		before := len(placed.IDs())
		testkit.Eventually(t, patience, func() bool { return len(placed.IDs()) >= before+each }, "orders are placed")
		moved.Step(t, step)
	}
	before := len(placed.IDs())
	testkit.Eventually(t, patience, func() bool { return len(placed.IDs()) >= before+each }, "orders are placed")
	stop()
	told := p.accounted(t, len(placed.IDs()), placed.IDs())
	p.awaitBalance(t, product.ID, stock)
	s.report.Add(t, fmt.Sprintf("the clock of product, order and notification set to %s from the machine's while %d buyers order and cancel", strings.Join(steps, ", "), len(buyers)),
		told.String(), "")
}

// clock is the machine's, moved.
type clock struct{ offset atomic.Int64 }

// Now is a service's clock.
func (c *clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Step sets the clock so far from the machine's.
func (c *clock) Step(t *testing.T, offset string) {
	t.Helper()
	d, err := time.ParseDuration(offset)
	if err != nil {
		t.Fatal(err)
	}
	c.offset.Store(int64(d))
}
