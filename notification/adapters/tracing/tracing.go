// Package tracing makes every call of a channel a span in the trace of the order
// that it tells about: a decorator of the port, so that the core knows nothing of
// it.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Channel is a ports.Channel whose calls are spans.
type Channel struct {
	ports.Channel
	tel  *telemetry.Telemetry
	name string
	kind trace.SpanKind
}

// NewChannel returns inner, which is the channel called name, traced.
func NewChannel(name domain.Channel, inner ports.Channel, tel *telemetry.Telemetry) *Channel {
	kind := trace.SpanKindClient
	if name == domain.Log {
		kind = trace.SpanKindInternal
	}
	return &Channel{Channel: inner, tel: tel, name: string(name), kind: kind}
}

// Send as in ports.Channel. Its log lines carry the order's trace id too.
func (c *Channel) Send(ctx context.Context, m domain.Message) error {
	ctx = c.tel.Propagator.Extract(ctx, propagation.MapCarrier{"traceparent": m.Trace})
	ctx, span := c.tel.Tracer.Start(ctx, "send "+c.name, trace.WithSpanKind(c.kind), trace.WithAttributes(
		attribute.String("notification.channel", c.name),
		attribute.String("notification.template", m.Template),
		attribute.String("messaging.message.id", m.ID),
		attribute.Int64("order.id", m.OrderID),
	))
	defer span.End()
	err := c.Channel.Send(ctx, m)
	if err != nil {
		code := errs.Of(err).Code
		span.SetAttributes(attribute.String("error.type", code))
		span.SetStatus(codes.Error, code)
	}
	return err
}
