// Package memory is the bus inside of one process: the fake for tests of what
// publishes and consumes. It keeps messages for as long as it lives.
package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
)

var _ event.Bus = (*Bus)(nil)

// errDown is what a bus that is down says.
var errDown = errs.ErrUnavailable.Wrap(errors.New("the bus is down"))

// Bus implements event.Bus. Down, Up and Published are for tests.
type Bus struct {
	topology event.Topology
	now      func() time.Time

	mu        sync.Mutex
	down      bool
	seq       int64
	published []event.Event
	queues    map[string]*queue
}

// queue is one queue's messages, oldest first.
type queue struct {
	messages []*message
	dead     []event.DeadLetter
	watchers []chan struct{}
}

type message struct {
	seq      int64
	event    event.Event
	attempts int
	due      time.Time
	claimed  bool
}

// New returns an empty bus with the queues of topology; waits go by now.
func New(topology event.Topology, now func() time.Time) *Bus {
	b := &Bus{topology: topology, now: now, queues: map[string]*queue{}}
	for _, q := range topology.Queues {
		b.queues[q.Name] = &queue{}
	}
	return b
}

// Publish implements event.Publisher.
func (b *Bus) Publish(_ context.Context, events []event.Event) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	results := make([]error, len(events))
	for i, e := range events {
		results[i] = b.publish(clone(e))
	}
	return results
}

func (b *Bus) publish(e event.Event) error {
	if b.down {
		return errDown
	}
	routed := false
	for _, q := range b.topology.Queues {
		if slices.Contains(q.Types, e.Type) {
			routed = true
			b.push(b.queues[q.Name], e)
		}
	}
	if !routed {
		return event.ErrReturned.With("type", e.Type)
	}
	b.published = append(b.published, e)
	return nil
}

func (b *Bus) push(q *queue, e event.Event) {
	b.seq++
	q.messages = append(q.messages, &message{seq: b.seq, event: e})
	q.changed()
}

// changed wakes the consumers of q.
func (q *queue) changed() {
	for _, w := range q.watchers {
		select {
		case w <- struct{}{}:
		default: // It has not yet noticed the signal before.
		}
	}
}

// Subscribe implements event.Subscriber.
func (b *Bus) Subscribe(ctx context.Context, name string, prefetch int, h event.Handler) error {
	q, ok := b.queues[name]
	if !ok {
		return fmt.Errorf("subscribe to %q: no such queue", name)
	}
	s := &store{bus: b, queue: q, name: name, changes: make(chan struct{}, 1)}
	b.mu.Lock()
	q.watchers = append(q.watchers, s.changes)
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		q.watchers = slices.DeleteFunc(q.watchers, func(w chan struct{}) bool { return w == s.changes })
	}()
	return dispatch.Consumer{
		Store: s, Prefetch: max(prefetch, 1), Handle: h, Ladder: event.DefaultLadder(), Now: b.now,
	}.Run(ctx)
}

// Ping implements event.Bus.
func (b *Bus) Ping(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errDown
	}
	return nil
}

// Close implements event.Bus: the bus is down from now on.
func (b *Bus) Close() error {
	b.Down()
	return nil
}

// Down makes the bus fail until Up: nothing is published or delivered, and what
// is handled meanwhile is recorded later.
func (b *Bus) Down() { b.set(true) }

// Up ends Down.
func (b *Bus) Up() { b.set(false) }

func (b *Bus) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
	for _, q := range b.queues {
		q.changed()
	}
}

// Published returns every event that was stored, in order.
func (b *Bus) Published() []event.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.published)
}

// Depth implements event.Bus.
func (b *Bus) Depth(_ context.Context, name string) (event.Depth, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, ok := b.queues[name]
	switch {
	case b.down:
		return event.Depth{}, errDown
	case !ok:
		return event.Depth{}, fmt.Errorf("depth of %q: no such queue", name)
	}
	d := event.Depth{Dead: int64(len(q.dead))}
	for _, m := range q.messages {
		if m.claimed {
			d.InFlight++
		} else {
			d.Waiting++
		}
	}
	return d, nil
}

func clone(e event.Event) event.Event {
	e.Data = slices.Clone(e.Data)
	e.Trace = maps.Clone(e.Trace)
	return e
}
