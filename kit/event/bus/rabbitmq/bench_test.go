package rabbitmq_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"shop/kit/event"
)

// BenchmarkPublish publishes batches as the relay does, one after another, each
// event stored in two queues before it is confirmed.
func BenchmarkPublish(b *testing.B) {
	bus, _ := benched(b)
	const batch = 100
	n := 0
	for b.Loop() {
		events := make([]event.Event, batch)
		for i := range events {
			n++
			events[i] = made(fmt.Sprint(n), 1)
		}
		for _, err := range bus.Publish(b.Context(), events) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLatency is from publishing one event until its handler has it.
func BenchmarkLatency(b *testing.B) {
	bus, arrived := benched(b)
	n := 0
	for b.Loop() {
		n++
		if err := bus.Publish(b.Context(), []event.Event{made(fmt.Sprint(n), 1)})[0]; err != nil {
			b.Fatal(err)
		}
		select {
		case <-arrived:
		case <-time.After(patience):
			b.Fatal("the event did not arrive")
		}
	}
}

// benched returns a bus whose queue first is consumed, and what each event of it
// sends to.
func benched(b *testing.B) (event.Bus, <-chan struct{}) {
	b.Helper()
	bus := open(b, private(b, topology), topology)
	arrived := make(chan struct{}, 1)
	consume(b, bus, "first", func(context.Context, event.Delivery) error {
		select {
		case arrived <- struct{}{}:
		default: // Nobody counts.
		}
		return nil
	})
	return bus, arrived
}
