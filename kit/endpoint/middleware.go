package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
)

// recovering answers a panic with errs.ErrInternal and logs it with its stack.
func recovering(log *slog.Logger, name string) Middleware {
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (response any, err error) {
			defer func() {
				if p := recover(); p != nil {
					response, err = nil, errs.ErrInternal.Wrap(fmt.Errorf("panic: %v", p))
					log.ErrorContext(ctx, "use case panicked", "endpoint", name,
						"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
			}()
			return next(ctx, request)
		}
	}
}

// traced wraps the use case in a span of its own inside of a trace that is
// recorded; otherwise it costs nothing.
func traced(tracer trace.Tracer, name string) Middleware {
	return func(next Endpoint) Endpoint {
		inSpan := func(ctx context.Context, request any) (any, error) {
			ctx, span := tracer.Start(ctx, name)
			defer span.End() // Also records a panic that passes.
			response, err := next(ctx, request)
			if err != nil {
				e := errs.Of(err)
				span.SetAttributes(attribute.String("error.type", e.Code))
				if e.Kind == errs.Internal || e.Kind == errs.Unavailable {
					span.SetStatus(codes.Error, e.Code)
				}
			}
			return response, err
		}
		return func(ctx context.Context, request any) (any, error) {
			if !trace.SpanFromContext(ctx).IsRecording() {
				return next(ctx, request)
			}
			return inSpan(ctx, request)
		}
	}
}

// counted counts calls by outcome. Every counter exists from the start, so that
// the first error is a step from 0 that an alert can see.
func counted(requests *prometheus.CounterVec, name string) Middleware {
	ok := requests.WithLabelValues(name, "ok")
	var failed [errs.Unavailable + 1]prometheus.Counter
	for k := range failed {
		failed[k] = requests.WithLabelValues(name, errs.Kind(k).String())
	}
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			outcome := failed[errs.Internal] // Stays if next panics.
			defer func() { outcome.Inc() }()
			response, err := next(ctx, request)
			if err == nil {
				outcome = ok
			} else if k := errs.KindOf(err); int(k) < len(failed) {
				outcome = failed[k]
			}
			return response, err
		}
	}
}

// logged is the one place that logs the error of a use case: a bug with its
// cause as error, a dependency that is away as warning, and what a client has
// brought on itself for debugging only.
func logged(log *slog.Logger, name string) Middleware {
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			response, err := next(ctx, request)
			if err == nil {
				return response, nil
			}
			e, level := errs.Of(err), slog.LevelDebug
			switch {
			case e.Kind == errs.Internal:
				level = slog.LevelError
			case errors.Is(ctx.Err(), context.Canceled): // The client went away; nobody waits for the answer.
			case e.Kind == errs.Unavailable:
				level = slog.LevelWarn
			}
			if log.Enabled(ctx, level) {
				log.LogAttrs(ctx, level, "use case failed", slog.String("endpoint", name),
					slog.String("kind", e.Kind.String()), slog.String("code", e.Code), slog.Any("error", err))
			}
			return response, err
		}
	}
}

// timed ends the context after d. An error that nobody classified and that
// comes after the end of the context is errs.ErrTimeout, whatever words a driver
// has for it.
func timed(d time.Duration) Middleware {
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			response, err := next(ctx, request)
			if err != nil && ctx.Err() != nil {
				if known := (*errs.Error)(nil); !errors.As(err, &known) {
					err = errs.ErrTimeout.Wrap(err)
				}
			}
			return response, err
		}
	}
}
