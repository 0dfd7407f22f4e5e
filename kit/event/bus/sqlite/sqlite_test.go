package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/sqlite"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

func TestBus(t *testing.T) {
	bustest.Run(t, func(t *testing.T, topology event.Topology) event.Bus {
		return open(t, filepath.Join(t.TempDir(), "bus.db"), topology)
	})
}

func open(t *testing.T, path string, topology event.Topology, options ...sqlite.Option) *sqlite.Bus {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, topology, telemetry.Nop(), options...)
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

var topology = event.Topology{Queues: []event.Queue{{Name: "things", Types: []string{"thing.made"}}}}

func made(key string, n int64) event.Event {
	return event.Event{
		ID: fmt.Sprintf("%s-%d", key, n), Type: "thing.made", Key: key, Sequence: n,
		OccurredAt: time.Unix(1_700_000_000, 0), Data: []byte(`{}`),
	}
}

func publish(t *testing.T, b event.Publisher, events ...event.Event) {
	t.Helper()
	if err := errors.Join(b.Publish(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
}

// inbox collects the ids of what a consumer was given.
type inbox struct {
	mu  sync.Mutex
	ids []string
}

func (i *inbox) Handle(_ context.Context, d event.Delivery) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ids = append(i.ids, d.ID)
	return nil
}

func (i *inbox) list() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.ids...)
}

// consume subscribes h until the returned function is called or the test ends.
func consume(t *testing.T, b event.Subscriber, h event.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Subscribe(ctx, "things", 10, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// Another process's message is noticed by polling, soon and without writing.
func TestProcessesWakeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bus.db")
		publisher, consumer := open(t, path, topology), open(t, path, topology)
		var in inbox
		consume(t, consumer, in.Handle)
		<-time.After(time.Second)
		for n := range int64(20) {
			start := time.Now()
			publish(t, publisher, made("1", n+1))
			for len(in.list()) <= int(n) {
				<-time.After(time.Millisecond)
				if time.Since(start) > time.Minute {
					t.Fatal("the message was not noticed")
				}
			}
			if took := time.Since(start); took > 50*time.Millisecond {
				t.Errorf("the message was noticed after %s, want 50 ms at most", took)
			}
		}
	})
}

func TestAnIdleConsumerWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bus.db")
		one, two := open(t, path, topology), open(t, path, topology)
		var in inbox
		consume(t, one, in.Handle)
		consume(t, two, in.Handle)
		publish(t, one, made("1", 1))
		<-time.After(time.Second)
		observer, err := sqldb.Open(t.Context(), "sqlite:///"+path, sqldb.Options{MaxConns: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer observer.Close()
		version := func() (v int64) {
			if err := observer.Get(t.Context(), &v, `SELECT data_version FROM pragma_data_version`); err != nil {
				t.Fatal(err)
			}
			return v
		}
		before := version()
		<-time.After(time.Minute)
		if after := version(); after != before {
			t.Errorf("the file was written in a minute of nothing to do: version %d, then %d", before, after)
		}
	})
}

// A handler may take much longer than a lease: it is renewed, so no other
// consumer is given the message.
func TestClaimsAreRenewedWhileAHandlerWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bus.db")
		one, two := open(t, path, topology), open(t, path, topology)
		var slow, other inbox
		consume(t, one, func(ctx context.Context, d event.Delivery) error {
			<-time.After(time.Minute)
			return slow.Handle(ctx, d)
		})
		publish(t, one, made("1", 1))
		<-time.After(time.Second)
		consume(t, two, other.Handle)
		<-time.After(2 * time.Minute)
		if a, b := slow.list(), other.list(); len(a) != 1 || len(b) != 0 {
			t.Errorf("the slow consumer finished %v and the other was given %v; want the one alone", a, b)
		}
	})
}

// A consumer whose claim ran out, because its process was stopped or the clock
// stepped, is not given the message a second time while it works on it.
func TestAStepOfTheClockDoesNotDeliverTwice(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	b := open(t, filepath.Join(t.TempDir(), "bus.db"), topology, sqlite.WithClock(clock.Now))
	var in inbox
	release := make(chan struct{})
	consume(t, b, func(ctx context.Context, d event.Delivery) error {
		err := in.Handle(ctx, d)
		if d.Key == "slow" {
			<-release
		}
		return err
	})
	publish(t, b, made("slow", 1))
	testkit.Eventually(t, 10*time.Second, func() bool { return len(in.list()) == 1 }, "the message arrives")
	for n := range int64(3) {
		clock.Advance(time.Minute)
		publish(t, b, made("quick", n+1))
		testkit.Eventually(t, 10*time.Second, func() bool { return len(in.list()) == int(n)+2 }, "the next message arrives")
	}
	close(release)
	testkit.Eventually(t, 10*time.Second, func() bool {
		d, err := b.Depth(t.Context(), "things")
		return err == nil && d == event.Depth{}
	}, "everything is handled")
	if got, want := strings.Join(in.list(), " "), "slow-1 quick-1 quick-2 quick-3"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

func TestAFileThatIsLockedIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	b := open(t, path, topology)
	other, err := sqldb.Open(t.Context(), "sqlite:///"+path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = other.Tx(t.Context(), func(*sqldb.Tx) error { // Holds the write lock.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for _, err := range b.Publish(ctx, []event.Event{made("1", 1), made("1", 2)}) {
			if errs.KindOf(err) != errs.Unavailable || err == nil {
				t.Errorf("Publish = %v, want it unavailable", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, b, made("1", 1))
	if d, err := b.Depth(t.Context(), "things"); err != nil || d.Waiting != 1 {
		t.Errorf("Depth = %+v, %v; want the one message that was stored", d, err)
	}
}

func TestPayloadsArriveAsTheyAre(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "bus.db"), topology)
	payloads := map[string][]byte{
		"none":      {},
		"no-json":   []byte("{broken"),
		"no-utf8":   {0xff, 0x00, 0xfe},
		"ten-mib":   bytes.Repeat([]byte("a"), 10<<20),
		"quotes":    []byte(`{"name":"O'Brien; DROP TABLE messages"}`),
		"surrogate": []byte(`"\ud800"`),
	}
	for key, data := range payloads {
		e := made(key, 1)
		e.Data = data
		publish(t, b, e)
	}
	var mu sync.Mutex
	got := map[string][]byte{}
	consume(t, b, func(_ context.Context, d event.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		got[d.Key] = d.Data
		return nil
	})
	testkit.Eventually(t, 30*time.Second, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == len(payloads)
	}, "messages arrive")
	for key, want := range payloads {
		if !bytes.Equal(got[key], want) {
			t.Errorf("%s: %d bytes, want the %d that were sent", key, len(got[key]), len(want))
		}
	}
}

// Whatever a key is made of, its next message follows.
func TestKeysAreTakenAsTheyAre(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "bus.db"), topology)
	keys := []string{"7", "", "a\x00b", "a\x00c", "\xff\xfe", "\xff\xfd", `"quoted"`, "Đơn hàng", strings.Repeat("k", 10_000)}
	for n := range int64(2) {
		for _, key := range keys {
			publish(t, b, made(key, n+1))
		}
	}
	var in inbox
	consume(t, b, in.Handle)
	testkit.Eventually(t, 10*time.Second, func() bool { return len(in.list()) == 2*len(keys) }, "messages arrive")
	seen := map[string]bool{}
	for _, id := range in.list() {
		seen[id] = true
	}
	if len(seen) != 2*len(keys) {
		t.Errorf("%d different messages arrived, want %d", len(seen), 2*len(keys))
	}
}
