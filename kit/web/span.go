package web

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// spanStart is what is known of a span before it starts, made once.
type spanStart struct {
	name       string
	options    []trace.SpanStartOption
	attributes []attribute.KeyValue
}

// start starts the span. Attributes come after it, because most spans of a
// service that exports none are not recorded and would copy them for nothing.
func (s *spanStart) start(ctx context.Context, tracer trace.Tracer) (context.Context, trace.Span) {
	ctx, span := tracer.Start(ctx, s.name, s.options...)
	if span.IsRecording() {
		span.SetAttributes(s.attributes...)
	}
	return ctx, span
}

func newSpanStart(method, route string) *spanStart {
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("url.scheme", "http"),
	}
	name := method
	if method == otherMethod {
		name = "HTTP" // What the conventions say for a method that nobody knows.
	}
	if route != "other" {
		name += " " + route
		attributes = append(attributes, attribute.String("http.route", route))
	}
	return &spanStart{name, []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}, attributes}
}
