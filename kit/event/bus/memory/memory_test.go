package memory_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/memory"
	"shop/kit/testkit"
)

func TestBus(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, topology event.Topology) event.Bus { return memory.New(topology, time.Now) })
}

var topology = event.Topology{Queues: []event.Queue{{Name: "things", Types: []string{"thing.made"}}}}

func made(id, key string) event.Event {
	return event.Event{ID: id, Type: "thing.made", Key: key, Data: []byte(`{"n":1}`)}
}

func depth(t *testing.T, b *memory.Bus) event.Depth {
	t.Helper()
	d, err := b.Depth(t.Context(), "things")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// While the bus is down nothing moves; what was being handled is recorded when
// it is up again, and not delivered twice.
func TestDownAndUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(topology, time.Now)
		var handled atomic.Int32
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- b.Subscribe(ctx, "things", 1, func(context.Context, event.Delivery) error {
				handled.Add(1)
				<-release
				return nil
			})
		}()
		if err := errors.Join(b.Publish(t.Context(), []event.Event{made("1", "a"), made("2", "b")})...); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if d := depth(t, b); d != (event.Depth{Waiting: 1, InFlight: 1}) {
			t.Errorf("depth %+v, want one in flight and one waiting", d)
		}
		b.Down()
		close(release)
		<-time.After(time.Minute)
		if n := handled.Load(); n != 1 {
			t.Errorf("%d messages were handled while the bus was down, want the one in flight", n)
		}
		if err := b.Ping(t.Context()); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("Ping = %v, want it unavailable", err)
		}
		if err := b.Publish(t.Context(), []event.Event{made("3", "c")})[0]; errs.KindOf(err) != errs.Unavailable {
			t.Errorf("Publish = %v, want it unavailable", err)
		}
		if _, err := b.Depth(t.Context(), "things"); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("Depth = %v, want it unavailable", err)
		}
		b.Up()
		<-time.After(2 * time.Second)
		if n := handled.Load(); n != 2 {
			t.Errorf("%d messages were handled, want both once", n)
		}
		if d := depth(t, b); d != (event.Depth{}) {
			t.Errorf("depth %+v, want nothing", d)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A consumer that stops while the bus stays away says what it could not record.
func TestStoppingWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(topology, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- b.Subscribe(ctx, "things", 1, func(context.Context, event.Delivery) error {
				b.Down()
				return nil
			})
		}()
		b.Publish(t.Context(), []event.Event{made("1", "a")})
		synctest.Wait()
		start := time.Now()
		cancel()
		if err := <-done; errs.KindOf(err) != errs.Unavailable || err == nil {
			t.Errorf("Subscribe = %v, want it unavailable", err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %s to give up", took)
		}
	})
}

func TestMessagesOfNoKeyHaveNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(topology, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		started := make(chan struct{}, 2)
		go func() {
			if err := b.Subscribe(ctx, "things", 2, func(context.Context, event.Delivery) error {
				started <- struct{}{}
				<-ctx.Done()
				return nil
			}); err != nil {
				t.Error(err)
			}
		}()
		b.Publish(t.Context(), []event.Event{made("1", ""), made("2", "")})
		<-started
		<-started
	})
}

// The clock that a test moves is the one that waits go by.
func TestWaitsGoByTheInjectedClock(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	b := memory.New(topology, clock.Now)
	var attempts atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- b.Subscribe(ctx, "things", 1, func(context.Context, event.Delivery) error {
			attempts.Add(1)
			return errors.New("cannot render")
		})
	}()
	b.Publish(t.Context(), []event.Event{made("1", "a")})
	for n, wait := range event.DefaultLadder() {
		testkit.Eventually(t, 10*time.Second, func() bool { return attempts.Load() == int32(n)+1 && depth(t, b).Waiting == 1 }, "attempt", n+1)
		clock.Advance(wait)
	}
	testkit.Eventually(t, 10*time.Second, func() bool { return depth(t, b) == event.Depth{Dead: 1} }, "it is given up")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPublishedKeepsWhatWasStored(t *testing.T) {
	b := memory.New(topology, time.Now)
	e := made("1", "a")
	other := made("2", "b")
	other.Type = "thing.unheard_of"
	b.Publish(t.Context(), []event.Event{e, other})
	e.Data[1] = 'X' // The publisher's copy is its own.
	got := b.Published()
	if len(got) != 1 || got[0].ID != "1" || string(got[0].Data) != `{"n":1}` {
		t.Errorf("published %+v, want the event that a queue took, as it was", got)
	}
}
