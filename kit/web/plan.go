package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/telemetry"
)

// plan is what is known of a Call before any request.
type plan struct {
	c             *Client
	method, route string
	span          *spanStart
}

func (c *Client) plan(method, route string) *plan {
	attributes := append([]attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("url.template", route),
	}, c.attributes...)
	kind := trace.WithSpanKind(trace.SpanKindClient)
	return &plan{c, method, route, &spanStart{method + " " + route, []trace.SpanStartOption{kind}, attributes}}
}

// outcome is what the transport learns about a call, for its span and metric.
type outcome struct{ status int }

type outcomeKey struct{}

// begin starts the clock, the deadline and the span of a call. done ends them and
// returns err as an *errs.Error.
func (p *plan) begin(ctx context.Context) (_ context.Context, done func(error) error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, p.c.timeout)
	ctx, span := p.span.start(ctx, p.c.tel.Tracer)
	o := &outcome{}
	ctx = context.WithValue(ctx, outcomeKey{}, o)
	return ctx, func(err error) error {
		err = p.classify(ctx, err)
		status, kind := "", ""
		if o.status != 0 {
			status = strconv.Itoa(o.status)
		}
		if err != nil {
			kind = errs.KindOf(err).String()
		}
		observer := p.c.durations.WithLabelValues(p.method, p.c.name, p.route, status, kind)
		telemetry.Observe(ctx, observer, time.Since(start).Seconds())
		if span.IsRecording() {
			if o.status != 0 {
				span.SetAttributes(attribute.Int("http.response.status_code", o.status))
			}
			if err != nil {
				code := errs.Of(err).Code
				span.SetAttributes(attribute.String("error.type", code))
				span.SetStatus(codes.Error, code)
			}
		}
		span.End()
		cancel()
		return err
	}
}

// classify returns err as an *errs.Error. What is none yet is a transport that
// failed.
func (p *plan) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e := (*errs.Error)(nil); errors.As(err, &e) {
		return e.Wrap(p.calling(e.Unwrap()))
	}
	what := p.calling(err)
	if errors.Is(ctx.Err(), context.Canceled) {
		return errs.ErrTimeout.Wrap(what) // Our own caller has gone.
	}
	return errs.ErrUnavailable.Wrap(what)
}

// calling returns err with what was being done.
func (p *plan) calling(err error) error {
	return fmt.Errorf("call %s %s of %s: %w", p.method, p.route, p.c.name, err)
}
