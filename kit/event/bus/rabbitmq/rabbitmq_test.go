package rabbitmq_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/rabbitmq"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// TestMain lets tests run side by side that wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() == "" {
		if err := flag.Set("test.parallel", "32"); err != nil {
			panic(err)
		}
	}
	os.Exit(testkit.Main(m))
}

func TestBus(t *testing.T) {
	traits := bustest.Traits{Dealt: true, Overtaken: true, Outage: 20 * time.Second, Margin: 5 * time.Second}
	bustest.RunRealTime(t, traits, func(t *testing.T, topology event.Topology) event.Bus {
		return open(t, private(t, topology), topology)
	})
}

// topology is what the tests of this package use: a queue each for two types and
// one for both.
var topology = event.Topology{Exchange: "things", Queues: []event.Queue{
	{Name: "first", Types: []string{"thing.made"}},
	{Name: "second", Types: []string{"thing.made", "thing.gone"}},
}}

// endings are those of the queues that belong to one.
var endings = []string{"", ".dead", ".retry.1s", ".retry.5s", ".retry.25s"}

// private returns a config whose names nobody else has. What has them is deleted
// with the test.
func private(t testing.TB, topology event.Topology) rabbitmq.Config {
	t.Helper()
	name := "test-" + uuid.NewString()[:8] + "-"
	cfg := rabbitmq.Config{URL: testkit.RabbitMQ(t), Exchange: name + topology.Exchange, Queues: map[string]string{}}
	for _, q := range topology.Queues {
		cfg.Queues[q.Name] = name + q.Name
	}
	t.Cleanup(func() {
		ch := channel(t, cfg.URL)
		for _, q := range cfg.Queues {
			for _, ending := range endings {
				if _, err := ch.QueueDelete(q+ending, false, false, false); err != nil {
					t.Errorf("delete %s: %v", q+ending, err)
				}
			}
		}
		if err := ch.ExchangeDelete(cfg.Exchange, false, false); err != nil {
			t.Errorf("delete %s: %v", cfg.Exchange, err)
		}
	})
	return cfg
}

// channel is one of a plain client.
func channel(t testing.TB, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// start opens a bus and doesn't wait until it is connected.
func start(t testing.TB, cfg rabbitmq.Config, topology event.Topology, tel *telemetry.Telemetry) *rabbitmq.Bus {
	t.Helper()
	b, err := rabbitmq.Open(t.Context(), cfg, topology, tel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return b
}

// open returns a bus that is connected.
func open(t testing.TB, cfg rabbitmq.Config, topology event.Topology) *rabbitmq.Bus {
	t.Helper()
	b := start(t, cfg, topology, telemetry.Nop())
	connected(t, b)
	return b
}

func connected(t testing.TB, b event.Bus) {
	t.Helper()
	testkit.Eventually(t, patience, func() error { return b.Ping(t.Context()) }, "the bus is connected")
}

func made(key string, n int64) event.Event {
	return event.Event{
		ID: fmt.Sprintf("%s-%d", key, n), Type: "thing.made", Key: key, Sequence: n,
		OccurredAt: time.Unix(1_700_000_000, 0), Data: []byte(`{"n":1}`),
	}
}

func publish(t testing.TB, b event.Publisher, events ...event.Event) {
	t.Helper()
	if err := errors.Join(b.Publish(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
}

// inbox counts what a consumer was given, by id.
type inbox struct {
	mu   sync.Mutex
	seen map[string]int
	last event.Delivery
}

func (i *inbox) Handle(_ context.Context, d event.Delivery) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen == nil {
		i.seen = map[string]int{}
	}
	i.seen[d.ID]++
	i.last = d
	return d.Fault
}

// counts returns how many messages came, and how many deliveries it took.
func (i *inbox) counts() (messages, deliveries int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.seen {
		deliveries += n
	}
	return len(i.seen), deliveries
}

// holds waits until n messages have come.
func (i *inbox) holds(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		if got, _ := i.counts(); got < n {
			return fmt.Errorf("%d of %d messages have come", got, n)
		}
		return nil
	}, "messages are delivered")
}

// consume subscribes h until stop is called or the test ends.
func consume(t testing.TB, b event.Subscriber, queue string, h event.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Subscribe(ctx, queue, 20, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("subscribe:", err)
		}
	})
	t.Cleanup(stop)
	return stop
}
