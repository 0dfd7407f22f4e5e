package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/shop/rest"
)

// Promise 1: an order that was answered 201 has exactly one notification for each
// channel, whatever dies. RabbitMQ, the notification service and the order
// service, with the relay in it, are killed one after another while 16 clients
// order; then acknowledged orders, orders and notifications are compared.
func nothingLostNothingTwice(t *testing.T, s *stage) {
	const stock = 1_000_000
	gateway := testkit.HTTPSink(t)
	p := s.open(t, layout{
		replicas: map[string]int{"order": 2, "notification": 2},
		settings: map[string]string{"SMS_URL": gateway.URL + "/sms", "PUSH_URL": gateway.URL + "/push"},
	})
	sessions := p.buyers(t, 16)
	p.reachable(t, sessions)
	product := p.stocked(t, sessions[0], stock)
	c := &clients{shop: p, product: product.ID, sessions: sessions}
	s.keepQueues(t)

	var group sync.WaitGroup
	tickets := make(chan struct{}, s.form.attempts)
	group.Go(func() { c.Order(t.Context(), tickets) })
	kills := map[string]int{}
	share := s.form.attempts / s.form.kills
	for kill := range s.form.kills {
		// Half of a kill's share of the attempts comes before it, half during it.
		for range share {
			tickets <- struct{}{}
		}
		half := int64(kill*share + share/2)
		testkit.Eventually(t, patience, func() bool { return c.attempts.Load() >= half }, "orders are placed")
		victim := p.victims()[kill%len(p.victims())]
		victim.killAndStart(t)
		kills[victim.name]++
		t.Logf("kill %d: %s, after %d orders", kill+1, victim.name, c.took.Count())
	}
	for range s.form.attempts % s.form.kills {
		tickets <- struct{}{}
	}
	close(tickets)
	group.Wait()

	start := time.Now()
	told := p.accounted(t, int(c.attempts.Load()), c.placed.IDs())
	took := time.Since(start)
	p.awaitBalance(t, product.ID, stock)
	s.report.Add(t, fmt.Sprintf("%d kills while 16 clients order, 2 channels: %v", s.form.kills, kills), told.String(),
		"all notified "+short(took)+" after the last order")
}

// reachable gives every buyer a telephone and a device.
func (p *shop) reachable(t *testing.T, buyers []rest.Session) {
	t.Helper()
	p.channels = []string{"push", "sms"}
	for n, buyer := range buyers {
		contact := map[string]any{"phone": fmt.Sprintf("+849012345%02d", n), "push_token": fmt.Sprintf("device-%d", n)}
		a, err := p.User.As(buyer.AccessToken).Do(t.Context(), http.MethodPatch, "/users/me", contact)
		if err != nil || a.Status != http.StatusOK {
			t.Fatalf("PATCH /users/me: %d %v: %s", a.Status, err, a.Body)
		}
	}
}

// victim is what a kill of promise 1 hits.
type victim struct {
	name         string
	killAndStart func(*testing.T)
}

// victims are hit in turn. The first six are all that the short form has.
func (p *shop) victims() []victim {
	one := func(service string, replica int) victim {
		v := p.processes[service][replica]
		return victim{v.name, func(t *testing.T) { v.Kill(); v.Start(t) }}
	}
	all := func(service string) victim {
		return victim{"every " + service, func(t *testing.T) {
			for _, v := range p.processes[service] {
				v.Kill()
			}
			for _, v := range p.processes[service] {
				v.Start(t)
			}
		}}
	}
	broker := victim{"rabbitmq", func(t *testing.T) { restart(t, p.stage.rabbit) }}
	return []victim{
		one("order", 0), one("notification", 0), broker, one("order", 1), one("notification", 1), all("order"), all("notification"), broker,
	}
}

// restart kills an engine and starts it again.
func restart(t *testing.T, e *engine.Server) {
	t.Helper()
	if err := e.Kill(); err != nil {
		t.Fatal(err)
	}
	begin(t, e)
}

// begin starts an engine that was killed.
func begin(t *testing.T, e *engine.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
}

// keepQueues stops the broker in order and starts it again: RabbitMQ 3.10 saves
// where a quorum queue lives some seconds after its declaration, and one that is
// killed before that is left without a leader.
func (s *stage) keepQueues(t *testing.T) {
	t.Helper()
	if err := s.rabbit.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, s.rabbit)
}
