package bustest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/testkit"
)

// patience is how long a test waits for what must happen; with a ladder of 31 s.
const patience = 5 * time.Minute

// made returns an event about key; n numbers it.
func made(typ, key string, n int64) event.Event {
	return event.Event{
		ID: fmt.Sprintf("%s-%s-%d", typ, key, n), Type: typ, Key: key, Sequence: n,
		OccurredAt: time.Date(2026, 5, 17, 8, 30, 0, int(n%1000)*1000, time.UTC),
		Data:       json.RawMessage(fmt.Sprintf(`{"key":%q,"n":%d}`, key, n)),
		Trace:      map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}
}

// publish publishes events, each of which must be stored.
func publish(t *testing.T, b event.Bus, events ...event.Event) {
	t.Helper()
	results := b.Publish(t.Context(), events)
	if len(results) != len(events) {
		t.Fatalf("%d results for %d events", len(results), len(events))
	}
	if err := errors.Join(results...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

// recorder is a handler that keeps what it was given and how handle answered.
type recorder struct {
	handle func(d event.Delivery) error // Nil: acknowledge.

	mu         sync.Mutex
	deliveries []event.Delivery
	times      []time.Time
	inFlight   map[string]int // By key.
	most       int            // In flight at once.
	overlaps   []string       // Keys that were in flight twice at once.
	total      int
}

func (r *recorder) Handle(_ context.Context, d event.Delivery) error {
	r.mu.Lock()
	if r.inFlight == nil {
		r.inFlight = map[string]int{}
	}
	r.deliveries = append(r.deliveries, d)
	r.times = append(r.times, time.Now())
	r.inFlight[d.Key]++
	r.total++
	r.most = max(r.most, r.total)
	if r.inFlight[d.Key] > 1 {
		r.overlaps = append(r.overlaps, d.Key)
	}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.inFlight[d.Key]--
		r.total--
	}()
	if r.handle == nil {
		return nil
	}
	return r.handle(d)
}

// of returns what was delivered so far of key ("" = of all), in order.
func (r *recorder) of(key string) []event.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []event.Delivery
	for _, d := range r.deliveries {
		if key == "" || d.Key == key {
			found = append(found, d)
		}
	}
	return found
}

// at returns when the n-th delivery, from 0, came.
func (r *recorder) at(n int) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.times[n]
}

// waitFor waits until n messages of key ("" = of all) were delivered.
func (r *recorder) waitFor(t *testing.T, key string, n int) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		if got := len(r.of(key)); got < n {
			return fmt.Errorf("%d of %d messages of %q were delivered", got, n, key)
		}
		return nil
	}, "messages are delivered")
}

// sequences returns the sequence numbers of deliveries.
func sequences(deliveries []event.Delivery) []int64 {
	numbers := make([]int64, len(deliveries))
	for i, d := range deliveries {
		numbers[i] = d.Sequence
	}
	return numbers
}

// count returns 1, 2, … n.
func count(n int64) []int64 {
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = int64(i) + 1
	}
	return numbers
}

// consume subscribes h to queue until stop is called or the test ends; stop waits
// until Subscribe has returned.
func consume(t *testing.T, b event.Bus, queue string, prefetch int, h event.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Subscribe(ctx, queue, prefetch, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Subscribe(%s) = %v, want nil after its context ended", queue, err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// emptied waits until queue holds nothing: a consumer that starts now is given
// nothing.
func emptied(t *testing.T, b event.Bus, queue string) {
	t.Helper()
	var late recorder
	stop := consume(t, b, queue, 10, late.Handle)
	publish(t, b, made(typeOf(queue), "the last", 1))
	late.waitFor(t, "the last", 1)
	stop()
	if got := late.of(""); len(got) != 1 {
		t.Errorf("%s still held %d messages: %v", queue, len(got)-1, ids(got))
	}
}

// typeOf returns the type that queue alone takes.
func typeOf(queue string) string {
	if queue == second {
		return onlySecond
	}
	return onlyFirst
}

func ids(deliveries []event.Delivery) []string {
	list := make([]string, len(deliveries))
	for i, d := range deliveries {
		list[i] = d.ID
	}
	return list
}

// dead waits until queue has n dead letters and returns them.
func dead(t *testing.T, b event.Bus, queue string, n int) (letters []event.DeadLetter) {
	t.Helper()
	testkit.Eventually(t, patience, func() (err error) {
		if letters, err = b.List(t.Context(), queue, 100); err == nil && len(letters) != n {
			err = fmt.Errorf("%d dead letters, want %d", len(letters), n)
		}
		return err
	}, "messages are dead-lettered")
	return letters
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
