package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
	"shop/notification/domain"
	"shop/notification/ports"
)

// freshness is how long a count of the waiting notifications is good for:
// several scrapers must not cost several queries.
const freshness = 5 * time.Second

// patience bounds the query of a scrape, which must not fail for the database.
const patience = 500 * time.Millisecond

// Pending is the gauge notification_pending: one query for a scrape. While the
// store is away it has no samples, because nobody knows.
type Pending struct {
	queue ports.Queue
	now   func() time.Time
	log   *slog.Logger
	desc  *prometheus.Desc

	mu     sync.Mutex
	at     time.Time
	counts map[domain.Channel]int64
}

var _ prometheus.Collector = (*Pending)(nil)

// RegisterPending registers the gauge of queue with tel.
func RegisterPending(queue ports.Queue, tel *telemetry.Telemetry, now func() time.Time) {
	telemetry.Register(tel, &Pending{
		queue: queue, now: now, log: tel.Log,
		desc: prometheus.NewDesc("notification_pending", "Notifications that are not delivered yet.", []string{"channel"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (p *Pending) Describe(descs chan<- *prometheus.Desc) { descs <- p.desc }

// Collect implements prometheus.Collector.
func (p *Pending) Collect(metrics chan<- prometheus.Metric) {
	for channel, n := range p.count() {
		metrics <- prometheus.MustNewConstMetric(p.desc, prometheus.GaugeValue, float64(n), string(channel))
	}
}

func (p *Pending) count() map[domain.Channel]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if age := now.Sub(p.at); p.counts != nil && age >= 0 && age < freshness {
		return p.counts
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // A scrape brings no context along.
	defer cancel()
	waiting, err := p.queue.Waiting(ctx)
	if err != nil {
		p.log.WarnContext(ctx, "waiting notifications are not counted", "error", err)
		p.counts = nil
		return nil
	}
	p.at, p.counts = now, map[domain.Channel]int64{}
	for _, c := range domain.Channels() {
		p.counts[c] = waiting[c]
	}
	return p.counts
}
