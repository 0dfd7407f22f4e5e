package cache

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
)

// result is how a lookup ended.
type result int

const (
	hit     result = iota // Answered by the cache, also with "there is none".
	miss                  // The source had to be asked.
	failure               // The cache failed; the source was asked.
	bypass                // The cache was not asked: it may be old, or its breaker is open.
)

var (
	results = [...]string{"hit", "miss", "error", "bypass"}
	events  = [...]string{"cache.hit", "cache.miss", "cache.error", "cache.bypass"} // In the caller's span.
)

// op is an operation of a cache.
type op int

const (
	get op = iota
	set    // A value, or the fact that there is none.
	del    // A tombstone.
)

var ops = [...]string{"get", "set", "del"}

type metrics struct {
	name          string
	lookups       [len(results)]prometheus.Counter
	durations     [len(ops)]prometheus.Observer
	shared        prometheus.Counter
	invalidations *prometheus.CounterVec
}

func newMetrics(name string, tel *telemetry.Telemetry, reasons []string) metrics {
	requests := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: tel.Service, Name: "cache_requests_total",
		Help: "Lookups by cache and result.",
	}, []string{"cache", "result"}))
	durations := telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: tel.Service, Name: "cache_operation_duration_seconds",
		Help:    "Time that operations of the cache took.",
		Buckets: []float64{.000001, .00001, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25},
	}, []string{"op"}))
	m := metrics{
		name: name,
		shared: telemetry.Register(tel, prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: tel.Service, Name: "cache_fill_shared_total",
			Help: "Loads saved because another caller was loading the same.",
		})),
		invalidations: telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: tel.Service, Name: "cache_invalidations_total",
			Help: "Invalidations by reason.",
		}, []string{"reason"})),
	}
	for i, r := range results {
		m.lookups[i] = requests.WithLabelValues(name, r)
	}
	for i, o := range ops {
		m.durations[i] = durations.WithLabelValues(o)
	}
	for _, r := range reasons {
		m.invalidations.WithLabelValues(r)
	}
	return m
}

// lookup counts a lookup and notes it in the caller's span.
func (m *metrics) lookup(ctx context.Context, r result) {
	m.lookups[r].Inc()
	note(ctx, events[r], m.name)
}

// note adds an event to the span of ctx, if anybody will see it.
func note(ctx context.Context, event, cache string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent(event, trace.WithAttributes(attribute.String("cache.name", cache)))
	}
}
