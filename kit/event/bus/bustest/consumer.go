package bustest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/kit/event"
)

func prefetchBounds(t *testing.T, b event.Bus) {
	const prefetch, messages = 3, 30
	r := recorder{handle: func(event.Delivery) error {
		<-time.After(5 * time.Millisecond)
		return nil
	}}
	for n := range int64(messages) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n), 1))
	}
	consume(t, b, first, prefetch, r.Handle)
	r.waitFor(t, "", messages)
	if r.most != prefetch {
		t.Errorf("at most %d messages were in flight, want %d", r.most, prefetch)
	}
}

func (traits Traits) twoConsumers(t *testing.T, b event.Bus) {
	const keys, each = 6, 25
	var one, two recorder
	var mu sync.Mutex
	order := map[string][]int64{}
	note := func(d event.Delivery) error {
		<-time.After(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		order[d.Key] = append(order[d.Key], d.Sequence)
		return nil
	}
	one.handle, two.handle = note, note
	consume(t, b, first, 2, one.Handle)
	consume(t, b, first, 2, two.Handle)
	for n := range int64(each) {
		for k := range keys {
			publish(t, b, made(onlyFirst, fmt.Sprint(k), n+1))
		}
	}
	deadline := time.Now().Add(patience)
	for len(one.of(""))+len(two.of("")) < keys*each && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
	<-time.After(100 * time.Millisecond)
	if n, m := len(one.of("")), len(two.of("")); n+m != keys*each || n == 0 || m == 0 {
		t.Errorf("the consumers were given %d and %d messages, want both some and together %d", n, m, keys*each)
	}
	mu.Lock()
	defer mu.Unlock()
	for k := range keys {
		got := order[fmt.Sprint(k)]
		if traits.Dealt {
			slices.Sort(got)
		}
		equal(t, fmt.Sprintf("sequences of key %d", k), got, count(each))
	}
}

func stopsGracefully(t *testing.T, b event.Bus) {
	const messages, prefetch = 12, 4
	release, started := make(chan struct{}), make(chan struct{}, messages)
	var finished recorder
	held := func(ctx context.Context, d event.Delivery) error {
		started <- struct{}{}
		<-release
		if ctx.Err() != nil {
			t.Errorf("the context of a message in flight ended: %v", ctx.Err())
		}
		return finished.Handle(ctx, d)
	}
	for n := range int64(messages) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n), 1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() { returned <- b.Subscribe(ctx, first, prefetch, held) }()
	for range prefetch {
		<-started
	}
	cancel()
	select {
	case err := <-returned:
		t.Fatalf("Subscribe returned %v while messages were in flight", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if err := <-returned; err != nil {
		t.Fatalf("Subscribe = %v", err)
	}
	if n := len(finished.of("")); n != prefetch {
		t.Errorf("%d messages were finished, want the %d in flight and no other", n, prefetch)
	}
	var rest recorder
	consume(t, b, first, prefetch, rest.Handle)
	rest.waitFor(t, "", messages-prefetch)
	for _, d := range rest.of("") {
		for _, f := range finished.of("") {
			if d.ID == f.ID {
				t.Errorf("%s was finished and is delivered again", d.ID)
			}
		}
	}
}

func tenThousand(t *testing.T, b event.Bus) {
	const events, keys, batch = 10_000, 500, 100
	var r recorder
	consume(t, b, first, 100, r.Handle)
	for n := int64(0); n < events; n += batch {
		var list []event.Event
		for i := n; i < n+batch; i++ {
			list = append(list, made(onlyFirst, fmt.Sprint(i%keys), i/keys+1))
		}
		publish(t, b, list...)
	}
	r.waitFor(t, "", events)
	byKey := map[string][]int64{}
	for _, d := range r.of("") {
		byKey[d.Key] = append(byKey[d.Key], d.Sequence)
	}
	for k := range keys {
		equal(t, fmt.Sprintf("sequences of key %d", k), byKey[fmt.Sprint(k)], count(events/keys))
	}
}

func unknownQueue(t *testing.T, b event.Bus) {
	if err := b.Subscribe(t.Context(), "nowhere", 1, (&recorder{}).Handle); err == nil {
		t.Error("Subscribe succeeded")
	}
}
