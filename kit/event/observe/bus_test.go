package observe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/memory"
	"shop/kit/event/observe"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// An observed bus is a bus.
func TestBusKeepsTheContract(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, topology event.Topology) event.Bus {
		return observe.Bus(memory.New(topology, time.Now), telemetry.Nop(), "things", topology)
	})
}

func TestBusObservesItsConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := testkit.Telemetry(t)
		topology := event.Topology{Queues: []event.Queue{{Name: "order_notifications", Types: []string{"order.created"}}}}
		inner := memory.New(topology, time.Now)
		b := observe.Bus(inner, tel.Telemetry, "notification", topology)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- b.Subscribe(ctx, "order_notifications", 10, func(context.Context, event.Delivery) error { return nil })
		}()
		b.Publish(t.Context(), []event.Event{delivery(0).Event})
		synctest.Wait()
		if n := tel.Value("notification_messages_total", "event_type", "order.created", "outcome", "acked"); n != 1 {
			t.Errorf("%v messages were counted, want 1", n)
		}
		if v := tel.Value("notification_broker_connected"); v != 1 {
			t.Errorf("notification_broker_connected = %v, want 1", v)
		}
		inner.Down()
		if v := tel.Value("notification_broker_connected"); v != 0 {
			t.Errorf("notification_broker_connected = %v while it is down, want 0", v)
		}
		inner.Up()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
