package rabbitmq_test

import (
	"flag"
	"os"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/rabbitmq"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// TestMain lets tests run side by side that wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func url(t *testing.T) string {
	t.Helper()
	return os.Getenv("SHOP_TEST_RABBITMQ_URL")
}

// private returns a config whose names nobody else has. What has them is deleted
// with the test.
func private(t *testing.T, topology event.Topology) rabbitmq.Config {
	t.Helper()
	cfg := rabbitmq.Config{URL: url(t), Queues: map[string]string{}}
	name := "test-" + uuid.NewString()[:8] + "-"
	cfg.Exchange = name + topology.Exchange
	for _, q := range topology.Queues {
		cfg.Queues[q.Name] = name + q.Name
	}
	t.Cleanup(func() {
		ch := channel(t, cfg.URL)
		for _, q := range cfg.Queues {
			for _, suffix := range []string{"", ".dead", ".retry.1s", ".retry.5s", ".retry.25s"} {
				if _, err := ch.QueueDelete(q+suffix, false, false, false); err != nil {
					t.Errorf("delete %s: %v", q+suffix, err)
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
func channel(t *testing.T, url string) *amqp.Channel {
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

// open returns a bus that is connected.
func open(t *testing.T, cfg rabbitmq.Config, topology event.Topology) *rabbitmq.Bus {
	t.Helper()
	b, err := rabbitmq.Open(t.Context(), cfg, topology, telemetry.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	testkit.Eventually(t, 30*time.Second, func() error { return b.Ping(t.Context()) }, "the bus is connected")
	return b
}

func TestBus(t *testing.T) {
	traits := bustest.Traits{Dealt: true, Overtaken: true, Outage: 20 * time.Second, Margin: 5 * time.Second}
	bustest.RunRealTime(t, traits, func(t *testing.T, topology event.Topology) event.Bus {
		return open(t, private(t, topology), topology)
	})
}
