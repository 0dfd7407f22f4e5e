package sqldb

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
)

// outboxMetrics are the metrics of publishing, <service>_events_… .
type outboxMetrics struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	retries  *prometheus.CounterVec
}

func newOutboxMetrics(o *Outbox, service string, types []string) *outboxMetrics {
	m := &outboxMetrics{
		total: telemetry.Register(o.tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: service + "_events_published_total",
			Help: "Events handed to the broker, by what came of it.",
		}, []string{"event_type", "outcome"})),
		duration: telemetry.Register(o.tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    service + "_event_publish_duration_seconds",
			Help:    "Time from handing an event to the broker until its confirm.",
			Buckets: telemetry.Buckets(),
		}, []string{"outcome"})),
		retries: telemetry.Register(o.tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: service + "_event_publish_retries_total",
			Help: "Publishes of an event that had failed before.",
		}, []string{"event_type"})),
	}
	for _, outcome := range []string{confirmed, returned, nacked, timedOut, failing} {
		m.duration.WithLabelValues(outcome)
		for _, t := range types {
			m.total.WithLabelValues(t, outcome)
		}
	}
	for _, t := range types {
		m.retries.WithLabelValues(t)
	}
	telemetry.Register(o.tel, newBacklog(o, service))
	telemetry.Register(o.tel, newHeld(o, service))
	return m
}

// published counts one event handed to the broker in the span of ctx.
func (m *outboxMetrics) published(ctx context.Context, row eventRow, outcome string, took time.Duration) {
	m.total.WithLabelValues(row.Type, outcome).Inc()
	if row.Attempts > 0 {
		m.retries.WithLabelValues(row.Type).Inc()
	}
	telemetry.Observe(ctx, m.duration.WithLabelValues(outcome), took.Seconds())
}

const (
	backlogAge     = 5 * time.Second        // How long one count serves scrapes.
	backlogTimeout = 500 * time.Millisecond // A scrape must not fail for the database: the rest of it tells what is wrong.
)

// backlog exposes how many events wait and for how long. When the database can't
// say, there is no sample: better than a wrong one.
type backlog struct {
	outbox          *Outbox
	pending, oldest *prometheus.Desc

	mu        sync.Mutex
	countedAt time.Time
	n         int64
	age       time.Duration
}

func newBacklog(o *Outbox, service string) *backlog {
	return &backlog{
		outbox:  o,
		pending: prometheus.NewDesc(service+"_outbox_pending", "Events waiting to be published.", nil, nil),
		oldest:  prometheus.NewDesc(service+"_outbox_oldest_age_seconds", "Age of the oldest event waiting to be published; 0 if none is.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- b.pending
	ch <- b.oldest
}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.outbox.now(); b.countedAt.IsZero() || now.Sub(b.countedAt) >= backlogAge || now.Before(b.countedAt) {
		ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
		defer cancel()
		n, age, err := b.outbox.Pending(ctx)
		if err != nil {
			b.outbox.tel.Log.WarnContext(ctx, "outbox not measured", "error", err)
			return
		}
		b.countedAt, b.n, b.age = now, n, age
	}
	ch <- prometheus.MustNewConstMetric(b.pending, prometheus.GaugeValue, float64(b.n))
	ch <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, b.age.Seconds())
}
