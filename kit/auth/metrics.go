package auth

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
)

// outcome is how the question for a token ended.
type outcome int

const (
	valid outcome = iota
	invalid
	failed // The user service can't be reached or answers nonsense.
	timeout
	circuitOpen // It was not even asked.
	cached
)

var outcomes = [...]string{"valid", "invalid", "error", "timeout", "circuit_open", "cached"}

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return valid
	case errors.Is(err, ErrUnauthenticated):
		return invalid
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return circuitOpen
	case errors.Is(err, context.DeadlineExceeded):
		return timeout
	default:
		return failed
	}
}

type metrics struct {
	durations [len(outcomes)]prometheus.Observer
}

func newMetrics(tel *telemetry.Telemetry) metrics {
	durations := telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "auth_validate_token_client_duration_seconds",
		Help:    "How long a request waited to know whose token it carries, by outcome.",
		Buckets: buckets(),
	}, []string{"outcome"}))
	var m metrics
	for i, o := range outcomes {
		m.durations[i] = durations.WithLabelValues(o)
	}
	return m
}

// buckets has the bound of the promise, 20 ms, beside those of all latencies.
func buckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .015, .02, .025, .05, .1, .25, .5, 1, 2.5, 5}
}

// breaker registers the state of the breaker; gobreaker numbers it as the metric does.
func (m *metrics) breaker(tel *telemetry.Telemetry, state func() gobreaker.State) {
	telemetry.Register(tel, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "auth_validate_token_client_breaker_state",
		Help: "0 closed, 1 half open, 2 open.",
	}, func() float64 { return float64(state()) }))
}

// observe counts an outcome and notes it in the caller's span.
func (m *metrics) observe(ctx context.Context, o outcome, d time.Duration) {
	telemetry.Observe(ctx, m.durations[o], d.Seconds())
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("auth.outcome", outcomes[o]))
	}
}
