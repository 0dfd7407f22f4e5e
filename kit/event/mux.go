package event

import (
	"context"
	"encoding/json"
	"fmt"

	"shop/kit/errs"
)

// Errors of delivering events.
var (
	ErrReturned    = errs.New(errs.Unavailable, "event_returned") // No queue is bound to the event's type.
	ErrNacked      = errs.New(errs.Unavailable, "event_nacked")   // The broker refused to store the event.
	ErrUnknownType = errs.New(errs.Invalid, "event_unknown_type")
	ErrPayload     = errs.New(errs.Invalid, "event_payload")
)

// Subscription binds one event type to a typed handler; see On.
type Subscription struct {
	Type   string
	handle Handler
}

// On subscribes f to events of typ. Data is decoded into a T; what does not
// decode is ErrPayload, so the message is dead-lettered with its reason.
func On[T any](typ string, f func(ctx context.Context, d Delivery, data T) error) Subscription {
	return Subscription{Type: typ, handle: func(ctx context.Context, d Delivery) error {
		var data T
		if err := json.Unmarshal(d.Data, &data); err != nil {
			return ErrPayload.With("type", typ).Wrap(err)
		}
		return f(ctx, d, data)
	}}
}

// Mux returns the handler that passes each event to the subscription of its
// type; an event of another type is ErrUnknownType, one that can't be read its
// Fault. Two subscriptions of one
// type are a bug and panic at start.
func Mux(subscriptions ...Subscription) Handler {
	table := make(map[string]Handler, len(subscriptions))
	for _, s := range subscriptions {
		if _, twice := table[s.Type]; twice {
			panic(fmt.Sprintf("event: two subscriptions of %q", s.Type))
		}
		table[s.Type] = s.handle
	}
	return func(ctx context.Context, d Delivery) error {
		if d.Fault != nil {
			return d.Fault
		}
		h, ok := table[d.Type]
		if !ok {
			return ErrUnknownType.With("type", d.Type)
		}
		return h(ctx, d)
	}
}
