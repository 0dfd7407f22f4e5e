package sqldb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/event"
)

// batch claims events, publishes them and writes down what became of them. It
// returns how many it claimed, and an error if the database or the whole broker
// was away.
func (r *Relay) batch(ctx context.Context) (claimed int, err error) {
	c, err := r.outbox.claim(ctx, r.settings.Batch, r.settings.Lease)
	if err != nil || len(c.rows) == 0 {
		return 0, err
	}
	sent, failed := r.publishAll(ctx, c)
	// When nothing went through, the broker is away: the relay waits, not each
	// event for itself.
	away := len(sent) == 0 && len(failed) > 0
	rest := time.Duration(0)
	if len(failed) == 0 && len(sent) < len(c.rows) {
		rest = r.settings.Pace // Predecessors are with another relay.
	}
	for i := range failed {
		if !away {
			failed[i].wait = r.delay(failed[i].row.Attempts)
		}
	}
	if err := r.outbox.settle(ctx, c, sent, failed, rest); err != nil {
		return 0, err
	}
	if away {
		return 0, fmt.Errorf("publish %d events: %s", len(failed), failed[0].reason)
	}
	return len(c.rows), nil
}

// publishAll publishes a claim in rounds: the first event of every key, then the
// second of those keys whose first was confirmed, and so on.
func (r *Relay) publishAll(ctx context.Context, c claim) (sent []int64, failed []failure) {
	keys := c.byKey()
	for len(keys) > 0 {
		round := make([]eventRow, len(keys))
		for i, rows := range keys {
			round[i] = rows[0]
		}
		var next [][]eventRow
		for i, err := range r.publish(ctx, round) {
			if err != nil {
				failed = append(failed, failure{row: round[i], reason: err.Error()})
				continue
			}
			sent = append(sent, round[i].Position)
			if len(keys[i]) > 1 {
				next = append(next, keys[i][1:])
			}
		}
		keys = next
	}
	return sent, failed
}

var errResults = errors.New("the publisher returned another number of results than events")

// publish hands one round to the publisher, each event in its span, and returns
// one result for each.
func (r *Relay) publish(ctx context.Context, rows []eventRow) []error {
	results := make([]error, len(rows))
	events := make([]event.Event, 0, len(rows))
	at := make([]int, 0, len(rows))
	spans := make([]trace.Span, 0, len(rows))
	for i, row := range rows {
		e, err := row.event()
		if err != nil {
			results[i] = err
			continue
		}
		events, at, spans = append(events, e), append(at, i), append(spans, r.span(ctx, e))
	}
	ctx, cancel := context.WithTimeout(ctx, r.settings.Timeout)
	defer cancel()
	start := time.Now()
	published := r.publisher.Publish(ctx, events)
	took := time.Since(start)
	for n, i := range at {
		if len(published) != len(events) {
			results[i] = errResults
		} else {
			results[i] = published[n]
		}
		kind := outcome(results[i])
		r.outbox.metrics.published(rows[i], kind, took, spans[n].SpanContext())
		if results[i] != nil {
			spans[n].SetAttributes(semconv.ErrorTypeKey.String(kind))
			spans[n].SetStatus(codes.Error, kind)
		}
		spans[n].End()
	}
	return results
}

// span is one event's publish, a child of its creation.
func (r *Relay) span(ctx context.Context, e event.Event) trace.Span {
	parent := r.tel.Propagator.Extract(ctx, propagation.MapCarrier(e.Trace))
	_, span := r.tel.Tracer.Start(parent, "publish "+e.Type, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend,
		semconv.MessagingRabbitMQDestinationRoutingKey(e.Type),
		semconv.MessagingMessageID(e.ID), semconv.MessagingMessageConversationID(e.Key)))
	return span
}

// delay is the back-off of one event after its attempts so far: 0.2 s doubling up
// to six times the relay's own, each jittered by half.
func (r *Relay) delay(attempts int) time.Duration {
	longest := 6 * r.settings.MaxWait
	d := longest
	if attempts < 16 {
		d = min(longest, 200*time.Millisecond<<attempts)
	}
	return d/2 + rand.N(d)
}

// The outcomes of publishing an event, as metrics name them.
const (
	confirmed = "confirmed"
	returned  = "returned"
	timedOut  = "timeout"
	failing   = "error"
)

func outcome(err error) string {
	switch {
	case err == nil:
		return confirmed
	case errors.Is(err, event.ErrReturned):
		return returned
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errs.ErrTimeout):
		return timedOut
	default:
		return failing
	}
}
