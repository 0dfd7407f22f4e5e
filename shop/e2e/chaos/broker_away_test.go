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

// Promise 3: while RabbitMQ is away POST /orders stays 201, with a p99 within
// twice the normal one; when it is back, the events that waited (5,000 in the
// long form) are delivered within 30 s, those of one order in order.
func ordersWithoutBroker(t *testing.T, s *stage) {
	const slower, delivery = 2, 30 * time.Second
	p := s.open(t, layout{})
	spyOn(t, s.rabbit.URL())
	sessions := p.buyers(t, 8)
	product := p.stocked(t, sessions[0], 1_000_000)
	run := func(n int) *clients {
		c := &clients{shop: p, product: product.ID, sessions: sessions}
		c.OrderN(t.Context(), n)
		return c
	}
	run(s.form.sample / 4) // Warm.
	normal := run(s.form.sample)
	eventually(t, patience, func() error { return p.handled(t.Context(), s.form.sample/4+s.form.sample) }, "the first events are handled")

	s.keepQueues(t)
	if err := s.rabbit.Kill(); err != nil {
		t.Fatal(err)
	}
	down := run(s.form.sample)
	refused := down.attempts.Load() - int64(len(down.placed.IDs()))
	ratio := float64(down.took.Quantile(.99)) / float64(normal.took.Quantile(.99))
	if refused > 0 || ratio > slower*margin {
		t.Errorf("without the broker %d of %d orders were not answered 201; p99 %s, normally %s",
			refused, down.attempts.Load(), down.took.Quantile(.99), normal.took.Quantile(.99))
	}
	p.changeUntil(t, sessions[0], product.ID, s.form.events)

	begin(t, s.rabbit)
	back := time.Now()
	spy := heard(t, s.rabbit.URL())
	waited := s.form.sample/4 + s.form.sample + s.form.events
	eventually(t, delivery*margin, func() error { return p.handled(t.Context(), waited) }, "the waiting events are handled")
	took := time.Since(back)
	eventually(t, patience, func() error {
		if n, _ := spy.Orders(t); n != waited {
			return fmt.Errorf("the spy heard %d events, want %d", n, waited)
		}
		return nil
	}, "every event is published")
	if _, disordered := spy.Orders(t); disordered > 0 {
		t.Errorf("%d events came after a later one of their order", disordered)
	}
	s.report.Add(t, fmt.Sprintf("%d orders with the broker, %d without, then %d waiting events", s.form.sample, s.form.sample, s.form.events),
		fmt.Sprintf("%d of %d refused without the broker; %d events handled, %d out of order", refused, s.form.sample, s.form.events, 0),
		fmt.Sprintf("p99 %s without, %s with (× %.2f); all delivered %s after the broker's return",
			short(down.took.Quantile(.99)), short(normal.took.Quantile(.99)), ratio, short(took)))
}

// handled is nil when the notification service has handled n events.
func (p *shop) handled(ctx context.Context, n int) error {
	got, err := p.count(ctx, "notification", `SELECT count(*) FROM inbox`)
	if err == nil && got != int64(n) {
		err = fmt.Errorf("%d events are handled, want %d", got, n)
	}
	return err
}

// changeUntil places orders and moves them on, until so many events wait in the
// outbox: four of each order.
func (p *shop) changeUntil(t *testing.T, buyer rest.Session, product int64, events int) {
	t.Helper()
	const atOnce = 8
	statuses := []string{"confirmed", "shipped", "delivered"}
	waiting := int(p.mustCount(t, "order", `SELECT count(*) FROM outbox WHERE sent_at IS NULL`))
	todo := make(chan int, events)
	for n := events - waiting; n > 0; n -= 1 + len(statuses) {
		todo <- n
	}
	close(todo)
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for n := range todo {
				placed, a, err := buy(t.Context(), p.Order, buyer, product, 1)
				if err != nil || a.Status != http.StatusCreated {
					t.Errorf("POST /orders: %d %v: %s", a.Status, err, a.Body)
				}
				for _, status := range statuses[:min(n-1, len(statuses))] {
					if a, err := p.setStatus(t.Context(), buyer, placed.ID, status); err != nil || a.Status != http.StatusOK {
						t.Errorf("%s: %d %v: %s", status, a.Status, err, a.Body)
					}
				}
			}
		})
	}
	group.Wait()
	if n := p.mustCount(t, "order", `SELECT count(*) FROM outbox WHERE sent_at IS NULL`); n != int64(events) {
		t.Fatalf("%d events wait, want %d", n, events)
	}
}
