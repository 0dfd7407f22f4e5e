package rabbitmq_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"shop/kit/event/bus/rabbitmq"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// A broker that is stopped, killed and started again loses nothing that it has confirmed,
// and both sides are back by themselves.
func TestABrokerThatIsKilled(t *testing.T) {
	t.Parallel()
	broker, err := engine.StartRabbitMQ(t.Context(), engine.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Kill(); err != nil {
			t.Error(err)
		}
	})
	b := start(t, rabbitmq.Config{URL: broker.URL()}, topology, telemetry.Nop())
	connected(t, b)
	// RabbitMQ writes down that a quorum queue exists some seconds after it says so,
	// and forgets one that it was killed with before. An orderly end writes it down.
	if err := errors.Join(broker.Stop(t.Context()), broker.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	connected(t, b)
	var in inbox
	consume(t, b, "first", in.Handle)

	const kills, publishers, batch = 2, 2, 20
	var published atomic.Int64
	var stop atomic.Bool
	var publishing sync.WaitGroup
	t.Cleanup(publishing.Wait)
	t.Cleanup(func() { stop.Store(true) })
	for p := range publishers {
		publishing.Go(func() {
			for n := 0; !stop.Load(); n++ {
				publishAll(t, b, fmt.Sprint(p, ".", n), batch)
				published.Add(batch)
			}
		})
	}
	for range kills {
		goal := published.Load() + 100
		testkit.Eventually(t, patience, func() bool { return published.Load() >= goal }, "events are confirmed")
		if err := broker.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := broker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	in.holds(t, int(published.Load())+100)
	stop.Store(true)
	publishing.Wait()
	in.holds(t, int(published.Load()))
	messages, deliveries := in.counts()
	t.Logf("%d events, %d kills: %d handled in %d deliveries", published.Load(), kills, messages, deliveries)
	if int64(messages) != published.Load() {
		t.Errorf("%d events were published and %d handled", published.Load(), messages)
	}
}
