// Package metrics counts deliveries and what still waits, for operators:
// decorators of ports, so that the core knows nothing of it.
package metrics

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
	"shop/notification/domain"
	"shop/notification/ports"
)

// The outcomes of a delivery.
const (
	sent        = "sent"        // The receiver took it.
	retried     = "retried"     // It failed and will be tried again.
	failed      = "failed"      // It was given up.
	interrupted = "interrupted" // This service stopped in the middle; it will be tried again.
	lost        = "lost"        // It took too long and another process took over; it may be sent twice.
)

// Queue is a ports.Queue that counts what is settled.
type Queue struct {
	ports.Queue
	deliveries *prometheus.CounterVec
	endToEnd   *prometheus.HistogramVec
}

// NewQueue returns inner counted as notification_deliveries_total and
// notification_end_to_end_seconds.
func NewQueue(inner ports.Queue, tel *telemetry.Telemetry) *Queue {
	q := &Queue{
		Queue: inner,
		deliveries: telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notification_deliveries_total",
			Help: "Attempts to deliver notifications, by channel and how they ended.",
		}, []string{"channel", "outcome"})),
		endToEnd: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "notification_end_to_end_seconds",
			Help:    "From what happened to an order until its buyer was told.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"event_type"})),
	}
	for _, c := range domain.Channels() {
		for _, outcome := range []string{sent, retried, failed, interrupted, lost} {
			q.deliveries.WithLabelValues(string(c), outcome)
		}
	}
	for _, event := range []domain.Type{domain.OrderCreated, domain.OrderStatusChanged} {
		q.endToEnd.WithLabelValues(string(event))
	}
	return q
}

// Settle as in ports.Queue.
func (q *Queue) Settle(ctx context.Context, claimed, after domain.Notification) error {
	err := q.Queue.Settle(ctx, claimed, after)
	switch {
	case errors.Is(err, ports.ErrLost):
		q.deliveries.WithLabelValues(string(after.Channel), lost).Inc()
	case err == nil:
		q.deliveries.WithLabelValues(string(after.Channel), outcome(claimed, after)).Inc()
		if after.State == domain.Sent && !after.OccurredAt.IsZero() { // Strangers' events may not say when.
			took := max(after.SentAt.Sub(after.OccurredAt), 0) // Clocks of two machines differ.
			q.endToEnd.WithLabelValues(string(after.Event)).Observe(took.Seconds())
		}
	}
	return err
}

func outcome(claimed, after domain.Notification) string {
	switch {
	case after.State == domain.Sent:
		return sent
	case after.State == domain.Failed:
		return failed
	case after.Attempts < claimed.Attempts:
		return interrupted
	default:
		return retried
	}
}
