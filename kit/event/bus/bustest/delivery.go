package bustest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/testkit"
)

func arrivesEverywhere(t *testing.T, b event.Bus) {
	var one, two recorder
	consume(t, b, first, 10, one.Handle)
	consume(t, b, second, 10, two.Handle)
	want := made(shared, "7", 3)
	publish(t, b, want, made(onlyFirst, "8", 1), made(onlySecond, "9", 1))
	one.waitFor(t, "", 2)
	two.waitFor(t, "", 2)
	for queue, r := range map[string]*recorder{first: &one, second: &two} {
		got := r.of("7")
		if len(got) != 1 {
			t.Fatalf("%s was given the event %d times, want once", queue, len(got))
		}
		d := got[0]
		if d.Queue != queue || d.Attempts != 0 {
			t.Errorf("queue %q, attempts %d; want %q, 0", d.Queue, d.Attempts, queue)
		}
		if d.ID != want.ID || d.Type != want.Type || d.Key != want.Key || d.Sequence != want.Sequence {
			t.Errorf("got %+v, want %+v", d.Event, want)
		}
		if !d.OccurredAt.Equal(want.OccurredAt) || d.OccurredAt.Location() != time.UTC {
			t.Errorf("occurred at %s, want %s", d.OccurredAt, want.OccurredAt)
		}
		if string(d.Data) != string(want.Data) || !maps.Equal(d.Trace, want.Trace) {
			t.Errorf("data %s, trace %v; want %s, %v", d.Data, d.Trace, want.Data, want.Trace)
		}
	}
	if n, m := len(one.of("9")), len(two.of("8")); n != 0 || m != 0 {
		t.Errorf("queues were given %d and %d events that are not bound to them", n, m)
	}
}

func isReturned(t *testing.T, b event.Bus) {
	results := b.Publish(t.Context(), []event.Event{made(shared, "1", 1), made(unboundType, "1", 2), made(shared, "1", 3)})
	if len(results) != 3 || results[0] != nil || !errors.Is(results[1], event.ErrReturned) || results[2] != nil {
		t.Fatalf("results %v; want the second alone returned", results)
	}
	var r recorder
	consume(t, b, first, 10, r.Handle)
	r.waitFor(t, "", 2)
	equal(t, "sequences", sequences(r.of("")), []int64{1, 3})
	if results := b.Publish(t.Context(), nil); len(results) != 0 {
		t.Errorf("results %v of no events", results)
	}
}

func waitForConsumer(t *testing.T, b event.Bus) {
	publish(t, b, made(shared, "1", 1), made(shared, "1", 2))
	var r recorder
	consume(t, b, second, 1, r.Handle)
	r.waitFor(t, "", 2)
	equal(t, "sequences", sequences(r.of("")), count(2))
}

func acknowledgedIsGone(t *testing.T, b event.Bus) {
	var r recorder
	stop := consume(t, b, first, 10, r.Handle)
	for n := range int64(20) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n%3), n))
	}
	r.waitFor(t, "", 20)
	stop()
	emptied(t, b, first)
}

func orderPerKey(t *testing.T, b event.Bus) {
	const keys, each = 5, 40
	r := recorder{handle: func(d event.Delivery) error {
		<-time.After(time.Duration(d.Sequence%3) * time.Millisecond) // Work of different length.
		return nil
	}}
	consume(t, b, first, 20, r.Handle)
	for n := range int64(each) {
		var batch []event.Event
		for k := range keys {
			batch = append(batch, made(onlyFirst, fmt.Sprint(k), n+1))
		}
		publish(t, b, batch...)
	}
	r.waitFor(t, "", keys*each)
	for k := range keys {
		equal(t, fmt.Sprintf("sequences of key %d", k), sequences(r.of(fmt.Sprint(k))), count(each))
	}
	if len(r.overlaps) > 0 {
		t.Errorf("keys %v were handled twice at once", r.overlaps)
	}
}

// keysSideBySide has each handler wait for the other's.
func keysSideBySide(t *testing.T, b event.Bus) {
	var meeting sync.WaitGroup
	meeting.Add(2)
	r := recorder{handle: func(event.Delivery) error {
		meeting.Done()
		meeting.Wait()
		return nil
	}}
	consume(t, b, first, 2, r.Handle)
	publish(t, b, made(onlyFirst, "1", 1), made(onlyFirst, "2", 1))
	meeting.Wait()
	r.waitFor(t, "", 2)
}

func depthCounts(t *testing.T, b event.Bus) {
	want := func(when string, want event.Depth) {
		t.Helper()
		testkit.Eventually(t, patience, func() error {
			got, err := b.Depth(t.Context(), first)
			if err == nil && got != want {
				err = fmt.Errorf("depth is %+v, want %+v", got, want)
			}
			return err
		}, when)
	}
	want("at first", event.Depth{})
	for n := range int64(5) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n), 1))
	}
	want("before anybody consumes", event.Depth{Waiting: 5})
	release := make(chan struct{})
	r := recorder{handle: func(d event.Delivery) error {
		<-release
		if d.Key == "0" {
			return event.ErrPayload
		}
		return nil
	}}
	consume(t, b, first, 2, r.Handle)
	want("while two are handled", event.Depth{Waiting: 3, InFlight: 2})
	close(release)
	want("in the end", event.Depth{Dead: 1})
}

func closedIsUnavailable(t *testing.T, b event.Bus) {
	if err := b.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v before Close", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Ping(t.Context()); errs.KindOf(err) != errs.Unavailable || err == nil {
		t.Errorf("Ping = %v, want it unavailable", err)
	}
	for _, err := range b.Publish(t.Context(), []event.Event{made(shared, "1", 1), made(shared, "1", 2)}) {
		if errs.KindOf(err) != errs.Unavailable || errors.Is(err, event.ErrReturned) {
			t.Errorf("Publish = %v, want it unavailable", err)
		}
	}
	if _, err := b.List(t.Context(), first, 10); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("List = %v, want it unavailable", err)
	}
	if _, err := b.Replay(t.Context(), first); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("Replay = %v, want it unavailable", err)
	}
}
