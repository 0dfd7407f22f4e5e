package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/event"
)

// third is the share of a lease that a batch has for its writes before
// publishing, for starting to publish, and for the last publish: so it ends with
// room to spare, and nobody else publishes the same events meanwhile.
func (r *Relay) third() time.Duration { return r.settings.Lease / 3 }

// batch claims events, publishes them and writes down what became of them. It
// reports how many it claimed and sent; the error says that the database or the
// broker was away. The end of ctx ends the publishing, not the writing down.
func (r *Relay) batch(ctx context.Context) (claimed, sent int, err error) {
	start := time.Now()
	c, err := r.claim(ctx)
	if err != nil || len(c.rows) == 0 {
		return 0, 0, err
	}
	result := r.publishAll(ctx, c, start.Add(r.third()))
	if err := r.settle(ctx, c, result); err != nil {
		return 0, 0, err
	}
	if len(result.sent) > 0 {
		r.succeeded(ctx)
	}
	return len(c.rows), len(result.sent), result.away
}

func (r *Relay) claim(ctx context.Context) (claim, error) {
	r.outbox.hold.mu.RLock()
	defer r.outbox.hold.mu.RUnlock()
	if r.outbox.hold.held {
		return claim{}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.third())
	defer cancel()
	return r.outbox.claim(ctx, r.settings.Batch, r.settings.Lease)
}

func (r *Relay) settle(ctx context.Context, c claim, result result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.third())
	defer cancel()
	return r.outbox.settle(ctx, c, result)
}

// result is what became of a claim.
type result struct {
	sent   []int64
	failed []failure
	away   error // Why publishing ended early: the broker could not be reached.
}

// publishAll publishes a claim in rounds: the first event of every key, then the
// second of those keys whose first was confirmed, and so on. It starts nothing
// after until and ends early when the broker is away; what is left over then is
// neither sent nor failed.
func (r *Relay) publishAll(ctx context.Context, c claim, until time.Time) (all result) {
	for keys := c.byKey(); len(keys) > 0; {
		var next [][]eventRow
		for _, group := range groups(keys) {
			if !time.Now().Before(until) {
				return all
			}
			heads := make([]eventRow, len(group))
			for i, rows := range group {
				heads[i] = rows[0]
			}
			ok := r.record(ctx, &all, heads, r.publish(ctx, heads))
			if all.away != nil {
				return all
			}
			for i, rows := range group {
				if ok[i] && len(rows) > 1 {
					next = append(next, rows[1:])
				}
			}
		}
		keys = next
	}
	return all
}

// suspicious is the number of failures after which an event is published alone:
// if it is what breaks the connection, it takes no other event with it.
const suspicious = 3

// groups divides the keys of a round into those whose next event goes out in one
// publish and those, last, whose next event goes out alone.
func groups(keys [][]eventRow) [][][]eventRow {
	var together [][]eventRow
	var alone [][][]eventRow
	for _, rows := range keys {
		if rows[0].Attempts >= suspicious {
			alone = append(alone, [][]eventRow{rows})
		} else {
			together = append(together, rows)
		}
	}
	if len(together) == 0 {
		return alone
	}
	return append([][][]eventRow{together}, alone...)
}

// record adds the results of one publish to all and reports which events were
// confirmed. When none was because the broker could not be reached, the events
// don't back off, the relay does; one that was alone does both.
func (r *Relay) record(ctx context.Context, all *result, rows []eventRow, errs []error) (ok []bool) {
	ok = make([]bool, len(rows))
	var failed []failure
	unreachable := 0
	for i, err := range errs {
		if err == nil {
			ok[i] = true
			all.sent = append(all.sent, rows[i].Position)
			continue
		}
		if !errors.Is(err, event.ErrReturned) {
			unreachable++
		} else if rows[i].Attempts == 0 {
			r.tel.Log.WarnContext(ctx, "event not published, it is tried again", "event_id", rows[i].ID,
				"event", rows[i].Type, "key", rows[i].Key, "error", err)
		}
		failed = append(failed, failure{row: rows[i], wait: r.delay(rows[i].Attempts), reason: err.Error()})
	}
	if unreachable == len(rows) {
		all.away = fmt.Errorf("publish %d events: %w", len(rows), errs[0])
		if rows[0].Attempts < suspicious {
			for i := range failed {
				failed[i].wait = 0
			}
		}
	}
	all.failed = append(all.failed, failed...)
	return ok
}

var errResults = errors.New("the publisher returned another number of results than events")

// publish hands events to the publisher, each in its span, and returns one result
// for each.
func (r *Relay) publish(ctx context.Context, rows []eventRow) []error {
	events, spans := make([]event.Event, len(rows)), make([]trace.Span, len(rows))
	for i, row := range rows {
		events[i] = row.event()
		spans[i] = r.span(ctx, events[i])
	}
	ctx, cancel := context.WithTimeout(ctx, r.third())
	defer cancel()
	start := time.Now()
	results := r.publisher.Publish(ctx, events)
	took := time.Since(start)
	if len(results) != len(events) {
		results = slices.Repeat([]error{errResults}, len(events))
	}
	for i, err := range results {
		kind := outcome(err)
		r.outbox.metrics.published(trace.ContextWithSpan(ctx, spans[i]), rows[i], kind, took)
		if err != nil {
			spans[i].SetAttributes(semconv.ErrorTypeKey.String(kind))
			spans[i].SetStatus(codes.Error, kind)
		}
		spans[i].End()
	}
	return results
}

// span is one event's publish, a child of its creation.
func (r *Relay) span(ctx context.Context, e event.Event) trace.Span {
	parent := r.tel.Propagator.Extract(ctx, propagation.MapCarrier(e.Trace))
	_, span := r.tel.Tracer.Start(parent, "publish "+e.Type, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend), trace.WithAttributes(r.outbox.messaging(e)...))
	return span
}

// delay is the back-off of one event after its failures so far: from 0.2 s up to
// six times the relay's own longest.
func (r *Relay) delay(failures int) time.Duration {
	b := newBackOff(200*time.Millisecond, 6*r.settings.MaxWait)
	for range min(failures, 16) {
		b.NextBackOff()
	}
	return b.NextBackOff()
}

// The outcomes of publishing an event, as metrics name them.
const (
	confirmed = "confirmed"
	returned  = "returned"
	nacked    = "nacked" // The broker refused to store it.
	timedOut  = "timeout"
	failing   = "error"
)

func outcome(err error) string {
	switch {
	case err == nil:
		return confirmed
	case errors.Is(err, event.ErrReturned):
		return returned
	case errors.Is(err, event.ErrNacked):
		return nacked
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errs.ErrTimeout):
		return timedOut
	default:
		return failing
	}
}
