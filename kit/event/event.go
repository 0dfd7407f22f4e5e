// Package event carries facts between services: an Event is published by one
// service through its outbox and handled by the subscribers of a queue.
package event

import (
	"context"
	"encoding/json"
	"time"
)

// Event is one fact, as it happened. On the wire it is the body
// {"event": Type, "data": Data}; everything else travels in headers.
type Event struct {
	ID         string            // Unique; the message id a consumer's inbox remembers.
	Type       string            // "order.created"; also the routing key.
	Key        string            // What it is about: events of one key are delivered in Sequence. "" = in no order.
	Sequence   int64             // 1, 2, … per Key.
	OccurredAt time.Time         // UTC.
	Data       json.RawMessage   // The payload, one JSON object.
	Trace      map[string]string // W3C traceparent and tracestate of the moment of creation.
}

// Publisher hands events to the broker.
type Publisher interface {
	// Publish returns one result per event, in order: nil once the broker has
	// stored the event in every queue bound to its type; ErrReturned if no queue
	// is bound; otherwise why it may not have been stored, so that the caller
	// publishes it again (at least once).
	Publish(ctx context.Context, events []Event) []error
}

// Queue is a durable queue and the event types bound to it.
type Queue struct {
	Name  string
	Types []string
}

// Topology is every queue of the system. Each publisher and consumer declares
// all of it before its first message: a message that one queue takes hides that
// another queue does not exist yet.
type Topology struct {
	Exchange string
	Queues   []Queue
}

// Delivery is an event on its way to a handler.
type Delivery struct {
	Event
	Queue    string
	System   string // Of the bus, as in Named; "" = it has no name.
	Attempts int    // Deliveries that were this message's own fault so far.
	Fault    error  // Why the message can't be read: Data is its whole body then. A handler returns it.
}

// Handler handles one delivery. nil acknowledges it. An error decides by its
// kind: Unavailable means a dependency is away, which is no fault of the
// message: consumption pauses and the message waits, uncounted; Invalid means
// it can never be handled: it is dead-lettered at once; anything else sends it
// up the ladder of retries and then to the dead letters.
type Handler func(ctx context.Context, d Delivery) error

// Subscriber consumes a queue.
type Subscriber interface {
	// Subscribe handles q's messages until ctx ends, then finishes those in
	// flight and returns nil. At most prefetch messages are in flight; those of
	// one Key are handled one after another in the order of publication.
	Subscribe(ctx context.Context, q string, prefetch int, h Handler) error
}

// DeadLetter is a message that was given up.
type DeadLetter struct {
	Event
	Queue    string
	Attempts int
	Reason   string
	DeadAt   time.Time
}

// DeadLetters is the operator's view of given-up messages.
type DeadLetters interface {
	// List returns at most limit dead letters of queue, oldest first.
	List(ctx context.Context, queue string, limit int) ([]DeadLetter, error)
	// Replay puts the dead letters with these ids (all, if none are named) back
	// into queue with no attempts counted, and returns how many.
	Replay(ctx context.Context, queue string, ids ...string) (int, error)
}

// Bus is a whole broker as one service sees it.
type Bus interface {
	Publisher
	Subscriber
	DeadLetters
	// Depth returns how many messages queue holds.
	Depth(ctx context.Context, queue string) (Depth, error)
	// Ping reports whether the broker can be reached, for health checks.
	Ping(ctx context.Context) error
	// Close lets go of the broker; Subscribe calls must have returned.
	Close() error
}
