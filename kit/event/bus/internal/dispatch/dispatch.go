// Package dispatch runs the handler of a queue over a store of messages: how
// many at once, what becomes of each, when to pause. The embedded buses differ in
// their stores only.
package dispatch

import (
	"context"
	"time"

	"shop/kit/event"
)

// Message is a claimed delivery. Ref is the store's name for it.
type Message struct {
	Ref      int64
	Delivery event.Delivery
}

// Settlement says what became of a claimed message.
type Settlement struct {
	Ref      int64
	Verdict  event.Verdict
	Attempts int       // Faults so far, this one included.
	Due      time.Time // Wait and Retry: not to be delivered before.
	Reason   string    // Bury: why.
}

// Store holds the messages of one queue for one consumer.
type Store interface {
	// Exchange records settled and claims up to room messages that are due and the
	// first of their keys, oldest first, in one step. A settled message that is no
	// longer the consumer's is left alone. When fewer than room are claimed, next
	// is when a further one may be due, zero if that is not known.
	Exchange(ctx context.Context, settled []Settlement, room int) (claimed []Message, next time.Time, err error)
	// Renew keeps the claims on refs.
	Renew(ctx context.Context, refs []int64) error
	// Changed is signalled, at least once, after messages may have become due.
	Changed() <-chan struct{}
}

// Consumer is what a subscription is made of.
type Consumer struct {
	Store    Store
	Prefetch int // At least 1.
	Handle   event.Handler
	Ladder   event.Ladder
	Now      func() time.Time
	Renewal  time.Duration   // How often claims are renewed; 0 = they last for ever.
	Report   func(err error) // Told when the store fails and, with nil, when it works again.
}

// Run handles messages until ctx ends, then finishes those in flight and returns
// nil. The error, at the end only, says what could not be recorded: those
// messages will be delivered again.
func (c Consumer) Run(ctx context.Context) error {
	r := &run{
		Consumer: c,
		results:  make(chan result, c.Prefetch),
		inFlight: map[int64]struct{}{},
		pause:    newPause(),
		outage:   newOutage(),
		look:     true,
	}
	return r.loop(ctx)
}
