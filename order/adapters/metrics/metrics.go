// Package metrics counts what the business wants to know of orders.
package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

// Service counts the answers to PlaceOrder.
type Service struct {
	ports.Service
	placed map[string]prometheus.Counter // By outcome.
}

var _ ports.Service = (*Service)(nil)

// The outcomes of placing an order that are no error code.
const (
	placed   = "placed"
	replayed = "replayed" // An order or a refusal, again.
	other    = "error"
)

// NewService returns next with its orders counted. Every outcome counts from 0.
func NewService(next ports.Service, tel *telemetry.Telemetry) *Service {
	total := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "orders_placed_total",
		Help: "Requests to place an order, by what came of them.",
	}, []string{"outcome"}))
	s := &Service{next, map[string]prometheus.Counter{}}
	for _, outcome := range []string{placed, replayed, other} {
		s.placed[outcome] = total.WithLabelValues(outcome)
	}
	for _, e := range []*errs.Error{
		domain.ErrProductNotFound, domain.ErrInsufficientStock, domain.ErrTotalTooLarge,
		domain.ErrCatalogueUnavailable, domain.ErrReservationGone, domain.ErrKeyReused, domain.ErrKeyInUse,
		errs.ErrUnavailable, errs.ErrTimeout,
	} {
		s.placed[e.Code] = total.WithLabelValues(e.Code)
	}
	return s
}

// Place counts the request.
func (s *Service) Place(ctx context.Context, buyer domain.UserID, p ports.PlaceOrder) (ports.Placed, error) {
	answer, err := s.Service.Place(ctx, buyer, p)
	s.counter(answer, err).Inc()
	return answer, err
}

func (s *Service) counter(p ports.Placed, err error) prometheus.Counter {
	replay := (*ports.Replay)(nil)
	switch {
	case err == nil && !p.Replayed:
		return s.placed[placed]
	case err == nil, errors.As(err, &replay):
		return s.placed[replayed]
	}
	if known, ok := s.placed[errs.Of(err).Code]; ok {
		return known
	}
	return s.placed[other]
}

// Orders counts what becomes of stored orders and of reservations.
type Orders struct {
	ports.Orders
	changes *prometheus.CounterVec
	settled *prometheus.CounterVec
}

var _ ports.Orders = (*Orders)(nil)

// NewOrders returns next with its changes counted.
func NewOrders(next ports.Orders, tel *telemetry.Telemetry) *Orders {
	o := &Orders{
		Orders: next,
		changes: telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "order_status_changes_total",
			Help: "Orders that entered a status; deleted is the end of any.",
		}, []string{"status"})),
		settled: telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "order_reservations_settled_total",
			Help: "Questions of the product service about reservations, by the decision.",
		}, []string{"decision"})),
	}
	for _, status := range domain.Statuses() {
		o.changes.WithLabelValues(string(status))
	}
	o.changes.WithLabelValues(ports.Deleted)
	for _, d := range []domain.Decision{domain.Keep, domain.Abandoned} {
		o.settled.WithLabelValues(string(d))
	}
	return o
}

// Add counts an order that was stored.
func (o *Orders) Add(ctx context.Context, order domain.Order, announce ports.Announce, a *ports.Attempt) (domain.Order, error) {
	added, err := o.Orders.Add(ctx, order, announce, a)
	o.count(string(domain.Pending), err)
	return added, err
}

// Update counts a change that was stored.
func (o *Orders) Update(ctx context.Context, order domain.Order, announce ports.Announce) error {
	err := o.Orders.Update(ctx, order, announce)
	o.count(string(order.Snapshot().Status), err)
	return err
}

// Remove counts an order that was removed.
func (o *Orders) Remove(ctx context.Context, order domain.Order, announce ports.Announce) error {
	err := o.Orders.Remove(ctx, order, announce)
	o.count(ports.Deleted, err)
	return err
}

// Settle counts a decision.
func (o *Orders) Settle(ctx context.Context, id domain.ReservationID, now time.Time) (domain.Decision, error) {
	decision, err := o.Orders.Settle(ctx, id, now)
	if err == nil {
		o.settled.WithLabelValues(string(decision)).Inc()
	}
	return decision, err
}

func (o *Orders) count(status string, err error) {
	if err == nil {
		o.changes.WithLabelValues(status).Inc()
	}
}
