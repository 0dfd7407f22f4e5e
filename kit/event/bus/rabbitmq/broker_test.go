package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/rabbitmq"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// wires opens a bus through a wire to the broker.
func wires(t *testing.T) (*wire, *rabbitmq.Bus, *testkit.Captured) {
	t.Helper()
	cfg := private(t, topology)
	w, url := newWire(t, cfg.URL)
	cfg.URL = url
	tel := testkit.Telemetry(t)
	return w, start(t, cfg, topology, tel.Telemetry), tel
}

// Open returns at once; what can't be done meanwhile is unavailable at once.
func TestABrokerThatIsAwayAtFirst(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	open(t, cfg, topology) // Makes what private deletes.
	w, url := newWire(t, cfg.URL)
	w.Cut()
	cfg.URL = url
	b := start(t, cfg, topology, testkit.Telemetry(t).Telemetry)
	for _, err := range b.Publish(t.Context(), []event.Event{made("1", 1), made("1", 2)}) {
		if errs.KindOf(err) != errs.Unavailable || err == nil {
			t.Errorf("Publish = %v, want it unavailable", err)
		}
	}
	if err := b.Ping(t.Context()); errs.KindOf(err) != errs.Unavailable || err == nil {
		t.Errorf("Ping = %v, want it unavailable", err)
	}
	if _, err := b.Depth(t.Context(), "first"); errs.KindOf(err) != errs.Unavailable || err == nil {
		t.Errorf("Depth = %v, want it unavailable", err)
	}
	var in inbox
	consume(t, b, "first", in.Handle)
	w.Mend()
	connected(t, b)
	publish(t, b, made("1", 1))
	in.holds(t, 1)
}

// Whatever a cut of the network interrupts happens in the end.
func TestConnectionsThatAreCutAgainAndAgain(t *testing.T) {
	t.Parallel()
	w, b, tel := wires(t)
	connected(t, b)
	var in inbox
	consume(t, b, "first", in.Handle)
	const cuts, each = 5, 200
	for round := range cuts {
		var publishing sync.WaitGroup
		publishing.Go(func() { publishAll(t, b, fmt.Sprint(round), each) })
		testkit.Eventually(t, patience, func() bool { n, _ := in.counts(); return n > round*each })
		w.Cut()
		w.Mend()
		publishing.Wait()
	}
	in.holds(t, cuts*each)
	if got := tel.Value("test_broker_reconnects_total"); got < cuts {
		t.Errorf("%v reconnects are counted, want at least %d", got, cuts)
	}
}

// publishAll publishes n events in batches, each until it is confirmed.
func publishAll(t *testing.T, b event.Publisher, key string, n int) {
	t.Helper()
	var waiting []event.Event
	for i := range n {
		waiting = append(waiting, made(key, int64(i)+1))
	}
	testkit.Eventually(t, patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		batch := waiting[:min(20, len(waiting))]
		var failed []event.Event
		var why error
		for i, err := range b.Publish(ctx, batch) {
			if err != nil {
				failed, why = append(failed, batch[i]), err
			}
		}
		waiting = append(failed, waiting[len(batch):]...)
		if len(waiting) == 0 {
			return nil
		}
		return fmt.Errorf("%d events are not confirmed: %w", len(waiting), why)
	}, "everything is published")
}

// A broker that hangs is no reason to hang.
func TestABrokerThatHangs(t *testing.T) {
	t.Parallel()
	w, b, _ := wires(t)
	connected(t, b)
	w.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, err := range b.Publish(ctx, []event.Event{made("1", 1)}) {
		if !errors.Is(err, errs.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish = %v, want a timeout", err)
		}
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.List(ctx, "first", 1); errs.KindOf(err) != errs.Unavailable || err == nil {
		t.Errorf("List = %v, want it unavailable", err)
	}
	testkit.Eventually(t, patience, func() bool { return b.Ping(t.Context()) != nil }, "silence is noticed")
	w.Mend()
	connected(t, b)
	publish(t, b, made("1", 1))
}

// While the broker takes no messages publishing fails at once, and consuming goes
// on.
func TestABlockedConnection(t *testing.T) {
	t.Parallel()
	w, b, tel := wires(t)
	connected(t, b)
	publish(t, b, made("1", 1))
	w.Block(t, "low on memory")
	testkit.Eventually(t, patience, func() bool { return b.Ping(t.Context()) != nil }, "the notice is heard")
	for name, err := range map[string]error{"Ping": b.Ping(t.Context()), "Publish": b.Publish(t.Context(), []event.Event{made("1", 2)})[0]} {
		if !errors.Is(err, rabbitmq.ErrBlocked) || !strings.Contains(err.Error(), "low on memory") {
			t.Errorf("%s = %v, want it blocked with the reason", name, err)
		}
	}
	if got := tel.Value("test_broker_blocked"); got != 1 {
		t.Errorf("the gauge is %v, want 1", got)
	}
	var in inbox
	consume(t, b, "first", in.Handle)
	in.holds(t, 1)
	w.Unblock(t)
	connected(t, b)
	publish(t, b, made("1", 2))
	in.holds(t, 2)
	if got := tel.Value("test_broker_blocked"); got != 0 {
		t.Errorf("the gauge is %v, want 0", got)
	}
}

// A publisher that waits for its confirm when the broker stops taking messages is
// told.
func TestBlockedInTheMiddle(t *testing.T) {
	t.Parallel()
	w, b, _ := wires(t)
	connected(t, b)
	w.Stop()
	result := make(chan error, 1)
	go func() { result <- b.Publish(t.Context(), []event.Event{made("1", 1)})[0] }()
	w.Block(t, "low on disk")
	if err := <-result; !errors.Is(err, rabbitmq.ErrBlocked) {
		t.Errorf("Publish = %v, want it blocked", err)
	}
	w.Mend()
}

// The queue of an older system: said clearly, and once what is in the way has gone
// everything works, without a restart.
func TestAQueueWithOtherProperties(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	ch := channel(t, cfg.URL)
	if _, err := ch.QueueDeclare(cfg.Queues["first"], true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	tel := testkit.Telemetry(t)
	b := start(t, cfg, topology, tel.Telemetry)
	var in inbox
	consume(t, b, "first", in.Handle)
	testkit.Eventually(t, patience, func() bool { return errors.Is(b.Ping(t.Context()), rabbitmq.ErrMismatch) })
	for name, err := range map[string]error{"Ping": b.Ping(t.Context()), "Publish": b.Publish(t.Context(), []event.Event{made("1", 1)})[0]} {
		for _, text := range []string{cfg.Queues["first"], "rabbitmqctl delete_queue", "RABBITMQ_QUEUE"} {
			if !errors.Is(err, rabbitmq.ErrMismatch) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s = %v, want it to say %s", name, err, text)
			}
		}
	}
	testkit.Eventually(t, patience, func() bool { return strings.Count(tel.LogText(), "rabbitmqctl delete_queue") >= 2 }, "both sides log it")
	if _, err := ch.QueueDelete(cfg.Queues["first"], false, false, false); err != nil {
		t.Fatal(err)
	}
	connected(t, b)
	publish(t, b, made("1", 1))
	in.holds(t, 1)
	if n := strings.Count(tel.LogText(), "rabbitmqctl delete_queue"); n != 2 {
		t.Errorf("the log says it %d times, want once for the publisher and once for the consumer", n)
	}
}

// Whoever can publish to the exchange can send anything. It goes to the dead
// letters as it is, and holds nothing up.
func TestPoison(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	b := open(t, cfg, topology)
	var in inbox
	consume(t, b, "first", in.Handle)
	poison := map[string]string{
		`hello`:                     "invalid character",
		`{"data":{}}`:               `no "event"`,
		`{"event":5,"data":{}}`:     "number",
		`{"event":"thing.made"}`:    `"data" is not an object`,
		strings.Repeat("x", 10<<20): "bytes",
	}
	ch := channel(t, cfg.URL)
	send := func(m amqp.Publishing) {
		t.Helper()
		if err := ch.Publish(cfg.Exchange, "thing.made", true, false, m); err != nil {
			t.Fatal(err)
		}
	}
	for body := range poison {
		send(amqp.Publishing{Body: []byte(body)})
	}
	send(amqp.Publishing{Body: []byte(`{"event": "thing.made", "data": {"n": 1}}`), DeliveryMode: amqp.Persistent})
	var letters []event.DeadLetter
	testkit.Eventually(t, patience, func() (err error) {
		if letters, err = b.List(t.Context(), "first", 100); err == nil && len(letters) != len(poison) {
			err = fmt.Errorf("%d dead letters, want %d", len(letters), len(poison))
		}
		return err
	})
	for _, l := range letters {
		if reason, ok := poison[string(l.Data)]; !ok || !strings.Contains(l.Reason, reason) || l.Attempts != 1 || l.Queue != "first" {
			t.Errorf("dead letter of %d bytes after %d attempts: %q", len(l.Data), l.Attempts, l.Reason)
		}
	}
	in.holds(t, len(poison)+1)
	in.mu.Lock()
	defer in.mu.Unlock()
	for id, n := range in.seen {
		if n != 1 || len(id) != 36 {
			t.Errorf("%q was delivered %d times", id, n)
		}
	}
}

// Queues that are deleted under the bus's hands are made again.
func TestADeletedQueueIsMadeAgain(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	b := open(t, cfg, topology)
	var in inbox
	consume(t, b, "first", in.Handle)
	publish(t, b, made("1", 1))
	in.holds(t, 1)
	ch := channel(t, cfg.URL)
	for _, q := range []string{"second", "first"} { // The one that is consumed, and missed, is the last.
		for _, ending := range slices.Backward(endings) {
			if _, err := ch.QueueDelete(cfg.Queues[q]+ending, false, false, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	testkit.Eventually(t, patience, func() error {
		_, err := b.Depth(t.Context(), "second")
		return err
	}, "all queues are there")
	connected(t, b)
	publish(t, b, made("3", 1))
	testkit.Eventually(t, patience, func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.seen["3-1"] == 1
	}, "the consumer is back")
}

// A message on its way up the ladder survives that the ladder is gone.
func TestADeletedLadderIsMadeAgain(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	b := open(t, cfg, topology)
	ch := channel(t, cfg.URL)
	if _, err := ch.QueueDelete(cfg.Queues["first"]+".retry.1s", false, false, false); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan int, 8)
	consume(t, b, "first", func(_ context.Context, d event.Delivery) error {
		attempts <- d.Attempts
		if d.Attempts == 0 {
			return errors.New("not the first time")
		}
		return nil
	})
	publish(t, b, made("1", 1))
	for want := range 2 {
		if got := <-attempts; got != want {
			t.Errorf("delivery with %d attempts, want %d", got, want)
		}
	}
}

// Several publishers and consumers at once: every event is handled once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	cfg := private(t, topology)
	const publishers, consumers, each = 4, 3, 500
	var in inbox
	for range consumers {
		consume(t, open(t, cfg, topology), "first", in.Handle)
	}
	var publishing sync.WaitGroup
	for n := range publishers {
		b := open(t, cfg, topology)
		for half := range 2 { // Two at a time share a bus.
			publishing.Go(func() { publishAll(t, b, fmt.Sprint(n, ".", half), each/2) })
		}
	}
	publishing.Wait()
	in.holds(t, publishers*each)
	if messages, deliveries := in.counts(); messages != publishers*each || deliveries != messages {
		t.Errorf("%d messages in %d deliveries, want %d once", messages, deliveries, publishers*each)
	}
}

// A result that comes after its channel was lost changes nothing: the message is
// delivered again, after its handler has ended, and then settled.
func TestAChannelLostUnderAHandler(t *testing.T) {
	t.Parallel()
	w, b, _ := wires(t)
	connected(t, b)
	var mu sync.Mutex
	var began []string
	running, most := 0, 0
	started, release := make(chan struct{}, 8), make(chan struct{})
	consume(t, b, "first", func(_ context.Context, d event.Delivery) error {
		mu.Lock()
		running++
		most = max(most, running)
		began = append(began, d.ID)
		mu.Unlock()
		started <- struct{}{}
		<-release
		mu.Lock()
		defer mu.Unlock()
		running--
		return nil
	})
	publish(t, b, made("1", 1), made("1", 2))
	<-started
	w.Cut()
	w.Mend()
	connected(t, b)
	testkit.Eventually(t, patience, func() error {
		d, err := b.Depth(t.Context(), "first")
		if err == nil && d.Waiting != 2 {
			err = fmt.Errorf("%+v", d)
		}
		return err
	}, "both messages were delivered again")
	close(release)
	testkit.Eventually(t, patience, func() error {
		d, err := b.Depth(t.Context(), "first")
		if err == nil && d != (event.Depth{}) {
			err = fmt.Errorf("%+v", d)
		}
		return err
	}, "all is settled")
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"1-1", "1-1", "1-2"}; !slices.Equal(began, want) || most != 1 {
		t.Errorf("handled %v, %d at once; want %v one by one", began, most, want)
	}
}

// Nothing that is shown or logged tells the password.
func TestThePasswordIsNotTold(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-mine"
	broker, err := url.Parse(testkit.RabbitMQ(t))
	if err != nil {
		t.Fatal(err)
	}
	broker.User = url.UserPassword("nobody", secret)
	tel := testkit.Telemetry(t)
	b := start(t, rabbitmq.Config{URL: broker.String()}, topology, tel.Telemetry)
	testkit.Eventually(t, patience, func() bool { return strings.Contains(tel.LogText(), "403") }, "the login is refused and logged")
	if text := tel.LogText() + fmt.Sprint(b.Ping(t.Context())); strings.Contains(text, secret) {
		t.Errorf("told: %s", text)
	}
	for _, cfg := range []rabbitmq.Config{{URL: "amqp://u:" + secret + "%@h/"}, {URL: "http://u:" + secret + "@h"}, {URL: secret}} {
		if _, err := rabbitmq.Open(t.Context(), cfg, topology, tel.Telemetry); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Open = %v", err)
		}
	}
}

func TestConfigsThatFitNoBroker(t *testing.T) {
	for name, cfg := range map[string]rabbitmq.Config{
		"nowhere":                     {},
		"another scheme":              {URL: "http://localhost"},
		"certificates that are away":  {Host: "localhost", TLS: true, CAFile: "/does/not/exist"},
		"two queues of one name":      {Host: "localhost", Queues: map[string]string{"first": "x", "second": "x"}},
		"a queue named as another":    {Host: "localhost", Queues: map[string]string{"first": "second"}},
		"two types of one key":        {Host: "localhost", RoutingKeys: map[string]string{"thing.made": "thing.gone"}},
		"certificates that are none":  {Host: "localhost", TLS: true, CAFile: "broker_test.go"},
		"URL with certificates amiss": {URL: "amqps://localhost?cacertfile=/does/not/exist"},
	} {
		if _, err := rabbitmq.Open(t.Context(), cfg, topology, testkit.Telemetry(t).Telemetry); err == nil {
			t.Errorf("%s: Open succeeded", name)
		}
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	cfg := private(t, topology)
	before := goleak.IgnoreCurrent()
	b, err := rabbitmq.Open(t.Context(), cfg, topology, telemetry.Nop())
	if err != nil {
		t.Fatal(err)
	}
	connected(t, b)
	var in inbox
	stop := consume(t, b, "first", in.Handle)
	publish(t, b, made("1", 1))
	in.holds(t, 1)
	stop()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
