// Package rabbitmq is the bus on RabbitMQ 3.10 and later.
//
// A topic exchange takes every event to the queues that are bound to its routing
// key. Publishing waits for the broker's confirm. A consumer holds as many
// messages as its prefetch; one at fault is published to a queue of the ladder,
// whose time to live takes it back, and after the last to "<queue>.dead", where
// operators find it. All queues are quorum queues.
//
// The events of one key are handled one after another by one consumer. Several
// consumers of one queue share its messages as the broker deals them out, and a
// message that waits for a retry, or was given back, is overtaken: handlers
// compare the sequence.
//
// Nothing here waits for the broker to be there. Connections and channels are made
// again for ever; while there are none, publishing fails as unavailable, and what
// had been delivered is delivered again later.
package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/telemetry"
)

var _ event.Bus = (*Bus)(nil)

// Bus implements event.Bus on RabbitMQ. It has two connections: a broker that is
// short of memory stops reading from those that publish, and acknowledgements must
// get through.
type Bus struct {
	names     names
	tel       *telemetry.Telemetry
	now       func() time.Time
	publisher *publisher
	consuming *link
	stop      context.CancelFunc
	running   sync.WaitGroup
	operator  sync.Mutex // Held while dead letters are read: who reads them takes them from the others.

	mu        sync.Mutex
	closed    bool
	consumers []*consumer
}

// Open starts connecting to the broker of cfg and returns: it never waits for the
// broker, nor fails because that is away. The error is a fault of cfg. The
// connections are called after the service that tel is of.
func Open(ctx context.Context, cfg Config, topology event.Topology, tel *telemetry.Telemetry) (*Bus, error) {
	where, err := cfg.endpoint()
	if err != nil {
		return nil, fmt.Errorf("address of RabbitMQ: %w", err)
	}
	names, err := cfg.names(topology)
	if err != nil {
		return nil, fmt.Errorf("names at RabbitMQ: %w", err)
	}
	b := &Bus{names: names, tel: tel, now: time.Now}
	reconnects := newReconnects(tel)
	publishing := newLink(where, tel, "publishing", reconnects)
	b.consuming = newLink(where, tel, "consuming", reconnects)
	b.publisher = &publisher{
		link: publishing, names: names, condition: condition{log: tel.Log, what: "publishing to exchange " + names.exchange},
	}
	b.publisher.condition.begins(errConnecting)
	registerBlocked(tel, publishing)

	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.running.Go(func() { publishing.run(ctx) })
	b.running.Go(func() { b.consuming.run(ctx) })
	b.running.Go(func() { b.publisher.run(ctx) })
	return b, nil
}

func newLink(where endpoint, tel *telemetry.Telemetry, purpose string, reconnects *prometheus.CounterVec) *link {
	l := &link{
		endpoint: where, name: tel.Service + " " + purpose, reconnects: reconnects.WithLabelValues(purpose),
		condition: condition{log: tel.Log, what: "the connection to RabbitMQ for " + purpose},
		changed:   make(chan struct{}),
	}
	l.condition.begins(errConnecting)
	return l
}

// Publish implements event.Publisher. All of events are written before the first
// confirm is waited for.
func (b *Bus) Publish(ctx context.Context, events []event.Event) []error {
	results := make([]error, len(events))
	messages, of := make([]outgoing, 0, len(events)), make([]int, 0, len(events))
	for i, e := range events {
		m, err := encode(e)
		if err != nil {
			results[i] = err
			continue
		}
		messages = append(messages, outgoing{b.names.exchange, b.names.key(e.Type), m})
		of = append(of, i)
	}
	if len(messages) == 0 {
		return results
	}
	for i, err := range b.publisher.send(ctx, messages) {
		results[of[i]] = err
	}
	return results
}

// system is what RabbitMQ is called in traces.
const system = "rabbitmq"

var _ event.Named = (*Bus)(nil)

// Messaging implements event.Named.
func (b *Bus) Messaging() (name, exchange string) { return system, b.names.exchange }

// Ping implements event.Bus: it tells what is known and asks nobody. A broker that
// hangs is noticed by its missing heartbeats.
func (b *Bus) Ping(context.Context) error {
	_, blocked, _ := b.publisher.link.state()
	reasons := []error{b.publisher.link.condition.reason(), b.consuming.condition.reason(), b.publisher.condition.reason()}
	if blocked != "" {
		reasons = append(reasons, ErrBlocked.With("reason", blocked))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errs.ErrUnavailable.Wrap(errClosed)
	}
	for _, c := range b.consumers {
		reasons = append(reasons, c.condition.reason())
	}
	for _, err := range reasons {
		switch {
		case err == nil:
		case errors.Is(err, ErrMismatch), errors.Is(err, ErrBlocked):
			return err
		default:
			return errs.ErrUnavailable.Wrap(err)
		}
	}
	return nil
}

// Close implements event.Bus.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	b.running.Wait()
	b.publisher.link.condition.begins(errClosed)
	b.consuming.condition.begins(errClosed)
	return nil
}

// add notes a consumer for Ping and Depth.
func (b *Bus) add(c *consumer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errs.ErrUnavailable.Wrap(errClosed)
	}
	b.consumers = append(b.consumers, c)
	return nil
}

func (b *Bus) remove(c *consumer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.consumers = slices.DeleteFunc(b.consumers, func(other *consumer) bool { return other == c })
}
