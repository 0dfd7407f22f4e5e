// Package observe makes the handling of events visible: a decorator of a queue's
// handler with metrics, a span that continues the trace in which the event was
// made, and log lines for what went wrong. It stands beside package event, which
// the core uses, because the core depends on no telemetry.
package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/telemetry"
)

// Handler returns h observed: metrics {prefix}_messages_total and so on, and a
// span "process <queue>" whose parent is the moment of the event's creation. h's
// context carries the span and, as request id, the event's id, so that log lines
// and calls of other services can be found by it. types are those that the queue
// is bound to; others are counted as "other". A panic of h is an error.
func Handler(tel *telemetry.Telemetry, prefix string, h event.Handler, types ...string) event.Handler {
	o := &observer{tel: tel, handle: h, ladder: event.DefaultLadder(), metrics: newMetrics(tel, prefix, types)}
	return o.Handle
}

// Duplicate notes, in a handler that Handler observes, that the event had been
// handled before and nothing was done.
func Duplicate(ctx context.Context) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		n.duplicate = true
	}
}

type noteKey struct{}

// note is what a handler says about its delivery.
type note struct{ duplicate bool }

type observer struct {
	tel     *telemetry.Telemetry
	handle  event.Handler
	ladder  event.Ladder
	metrics *metrics
}

// Handle implements event.Handler.
func (o *observer) Handle(ctx context.Context, d event.Delivery) error {
	start := time.Now()
	o.metrics.inFlight.Inc()
	defer o.metrics.inFlight.Dec()
	ctx, span := o.start(ctx, d)
	defer span.End()
	n := &note{}
	err := o.call(context.WithValue(ctx, noteKey{}, n), d)

	verdict, wait := o.ladder.Judge(err, d.Attempts)
	out := outcomeOf(verdict, err, n.duplicate)
	o.metrics.observe(ctx, d, out, time.Since(start))
	if err != nil {
		e := errs.Of(err)
		span.SetAttributes(semconv.ErrorTypeKey.String(e.Code))
		span.SetStatus(codes.Error, e.Code)
		o.log(ctx, d, verdict, wait, err)
	}
	return err
}

// start begins the span of a delivery, in the trace of its creation and linked to
// it: the link is what tells that time may lie between the two.
func (o *observer) start(ctx context.Context, d event.Delivery) (context.Context, trace.Span) {
	ctx = o.tel.Propagator.Extract(ctx, propagation.MapCarrier(d.Trace))
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(
			semconv.MessagingOperationName("process"),
			semconv.MessagingOperationTypeProcess,
			semconv.MessagingDestinationName(d.Queue),
			semconv.MessagingMessageID(d.ID),
			semconv.MessagingMessageConversationID(d.Key),
			attribute.String("messaging.message.type", d.Type),
			attribute.Int("messaging.message.attempts", d.Attempts),
		),
	}
	if d.System != "" {
		options = append(options, trace.WithAttributes(semconv.MessagingSystemKey.String(d.System)))
	}
	if creation := trace.SpanContextFromContext(ctx); creation.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: creation}))
	}
	ctx, span := o.tel.Tracer.Start(ctx, "process "+d.Queue, options...)
	return telemetry.WithRequestID(ctx, d.ID), span
}

// call calls the handler of a message that can be read. A panic is an error and
// logged with its stack.
func (o *observer) call(ctx context.Context, d event.Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.ErrInternal.Wrap(fmt.Errorf("panic: %v", p))
			o.tel.Log.ErrorContext(ctx, "event handler panicked", "queue", d.Queue, "type", d.Type,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	if d.Fault != nil {
		return d.Fault
	}
	return o.handle(ctx, d)
}

// log tells of a failure: given up is an error, to be tried again a warning, and
// a consumer that stops in the middle is nobody's fault.
func (o *observer) log(ctx context.Context, d event.Delivery, v event.Verdict, wait time.Duration, err error) {
	level, msg := slog.LevelWarn, "event will be delivered again"
	switch {
	case v == event.Bury:
		level, msg = slog.LevelError, "event is dead-lettered"
	case v == event.Wait && errors.Is(err, context.Canceled):
		level = slog.LevelDebug
	}
	o.tel.Log.LogAttrs(ctx, level, msg,
		slog.String("queue", d.Queue), slog.String("type", d.Type), slog.String("event_key", d.Key),
		slog.Int("attempts", d.Attempts), slog.Duration("wait", wait), slog.Any("error", err))
}
