// Package metrics counts what happens to reservations, for operators: a
// decorator of the port, so that the core knows nothing of it.
package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"

	"shop/product/domain"
	"shop/product/ports"
)

// Reservations is a ports.Reservations that counts.
type Reservations struct {
	ports.Reservations
	reserved, insufficient, notFound, refused, confirmed, released, failed prometheus.Counter
}

// NewReservations returns inner counted as product_reservations_total.
func NewReservations(inner ports.Reservations, tel *telemetry.Telemetry) *Reservations {
	total := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "product_reservations_total",
		Help: "What was done with reservations of stock, repetitions included: reserved, confirmed and released, " +
			"or not reserved for want of stock (insufficient), of the product (not_found) or of a valid claim (refused).",
	}, []string{"outcome"}))
	return &Reservations{
		Reservations: inner,
		reserved:     total.WithLabelValues("reserved"),
		insufficient: total.WithLabelValues("insufficient"),
		notFound:     total.WithLabelValues("not_found"),
		refused:      total.WithLabelValues("refused"),
		confirmed:    total.WithLabelValues("confirmed"),
		released:     total.WithLabelValues("released"),
		failed:       total.WithLabelValues("error"),
	}
}

func (r *Reservations) Reserve(
	ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration,
) (domain.Reservation, ports.Movement, error) {
	made, moved, err := r.Reservations.Reserve(ctx, c, now, ttl)
	switch {
	case errors.Is(err, domain.ErrInsufficientStock):
		r.insufficient.Inc()
	case errors.Is(err, domain.ErrProductNotFound):
		r.notFound.Inc()
	case errors.Is(err, domain.ErrReservationReleased), errors.Is(err, domain.ErrReservationMismatch):
		r.refused.Inc()
	default:
		r.count(r.reserved, err)
	}
	return made, moved, err
}

func (r *Reservations) Confirm(ctx context.Context, id domain.ReservationID) error {
	err := r.Reservations.Confirm(ctx, id)
	r.count(r.confirmed, err)
	return err
}

func (r *Reservations) Release(ctx context.Context, release ports.Release, now, purgeAt time.Time) (ports.Movement, error) {
	moved, err := r.Reservations.Release(ctx, release, now, purgeAt)
	r.count(r.released, err)
	return moved, err
}

func (r *Reservations) count(done prometheus.Counter, err error) {
	if err != nil {
		done = r.failed
	}
	done.Inc()
}
