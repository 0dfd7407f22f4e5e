package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/sqlite"
	"shop/kit/telemetry"
)

func openBench(b *testing.B) *sqlite.Bus {
	b.Helper()
	bus, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bus.db"), topology, telemetry.Nop())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := bus.Close(); err != nil {
			b.Error(err)
		}
	})
	return bus
}

func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("batches of %d", size), func(b *testing.B) {
			bus := openBench(b)
			n := int64(0)
			for b.Loop() {
				batch := make([]event.Event, size)
				for i := range batch {
					n++
					batch[i] = made(fmt.Sprint(n), 1)
				}
				for _, err := range bus.Publish(b.Context(), batch) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkConsume empties a queue of 10,000 events.
func BenchmarkConsume(b *testing.B) {
	const events = 10_000
	for b.Loop() {
		b.StopTimer()
		bus := openBench(b)
		batch := make([]event.Event, events)
		for i := range batch {
			batch[i] = made(fmt.Sprint(i%1000), int64(i/1000)+1)
		}
		for _, err := range bus.Publish(b.Context(), batch) {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		ctx, cancel := context.WithCancel(b.Context())
		left := make(chan struct{}, events)
		done := make(chan error, 1)
		go func() {
			done <- bus.Subscribe(ctx, "things", 100, func(context.Context, event.Delivery) error {
				left <- struct{}{}
				return nil
			})
		}()
		for range events {
			<-left
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDelivery is one event from Publish to its handler.
func BenchmarkDelivery(b *testing.B) {
	for name, shared := range map[string]bool{"in one process": true, "between processes": false} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "bus.db")
			var buses [2]*sqlite.Bus
			for i := range buses {
				bus, err := sqlite.Open(b.Context(), path, topology, telemetry.Nop())
				if err != nil {
					b.Fatal(err)
				}
				defer bus.Close()
				buses[i] = bus
			}
			publisher := buses[1]
			if shared {
				publisher = buses[0]
			}
			ctx, cancel := context.WithCancel(b.Context())
			arrived := make(chan struct{}, 1)
			done := make(chan error, 1)
			go func() {
				done <- buses[0].Subscribe(ctx, "things", 1, func(context.Context, event.Delivery) error {
					arrived <- struct{}{}
					return nil
				})
			}()
			n := int64(0)
			start, total := time.Now(), 0
			for b.Loop() {
				n++
				total++
				publisher.Publish(b.Context(), []event.Event{made("1", n)})
				<-arrived
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(total)/1000, "ms/event")
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}
