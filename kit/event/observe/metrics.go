package observe

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/telemetry"
)

// The outcomes of a delivery.
const (
	acked        = "acked"
	retried      = "retried"       // To be delivered again, counted or not.
	deadLettered = "dead_lettered" // Given up after the last attempt.
	duplicate    = "duplicate"     // Had been handled before.
	invalid      = "invalid"       // Given up at once: it can never be handled.
)

func outcomeOf(v event.Verdict, err error, twice bool) string {
	switch {
	case v == event.Acknowledge && twice:
		return duplicate
	case v == event.Acknowledge:
		return acked
	case v == event.Bury && errs.KindOf(err) == errs.Invalid:
		return invalid
	case v == event.Bury:
		return deadLettered
	default:
		return retried
	}
}

// other stands for all event types that a queue is not bound to.
const other = "other"

type metrics struct {
	types    map[string]struct{}
	messages *prometheus.CounterVec
	duration *prometheus.HistogramVec
	age      *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(tel *telemetry.Telemetry, prefix string, types []string) *metrics {
	m := &metrics{
		types: map[string]struct{}{},
		messages: telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: prefix, Name: "messages_total",
			Help: "Deliveries of events by how they ended.",
		}, []string{"event_type", "outcome"})),
		duration: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: prefix, Name: "process_duration_seconds",
			Help:    "How long handling an event took.",
			Buckets: telemetry.Buckets(),
		}, []string{"event_type", "outcome"})),
		age: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: prefix, Name: "message_age_seconds",
			Help:    "From what happened until its event was handled.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"event_type"})),
		inFlight: telemetry.Register(tel, prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: prefix, Name: "in_flight",
			Help: "Events that are being handled.",
		})),
	}
	for _, t := range append([]string{other}, types...) {
		m.types[t] = struct{}{}
		m.age.WithLabelValues(t)
		for _, outcome := range []string{acked, retried, deadLettered, duplicate, invalid} {
			m.messages.WithLabelValues(t, outcome)
			m.duration.WithLabelValues(t, outcome)
		}
	}
	return m
}

func (m *metrics) observe(ctx context.Context, d event.Delivery, outcome string, took time.Duration) {
	typ := d.Type
	if _, known := m.types[typ]; !known {
		typ = other
	}
	m.messages.WithLabelValues(typ, outcome).Inc()
	telemetry.Observe(ctx, m.duration.WithLabelValues(typ, outcome), took.Seconds())
	if outcome == acked {
		age := max(time.Since(d.OccurredAt), 0) // Clocks of two machines differ.
		telemetry.Observe(ctx, m.age.WithLabelValues(typ), age.Seconds())
	}
}

// pingTimeout bounds what a scrape waits for a broker.
const pingTimeout = 250 * time.Millisecond

// Connected registers {prefix}_broker_connected: 1 while ping finds the broker
// when the metrics are read, else 0.
func Connected(tel *telemetry.Telemetry, prefix string, ping func(context.Context) error) {
	telemetry.Register(tel, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: prefix, Name: "broker_connected",
		Help: "1 while the broker can be reached.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		if err := ping(ctx); err != nil {
			return 0
		}
		return 1
	}))
}
