// Package bus hears of orders from the message bus and passes the news on.
package bus

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/propagation"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/observe"
	"shop/kit/money"
	"shop/kit/telemetry"
	"shop/notification/domain"
	"shop/notification/ports"
)

const (
	// Exchange is where the events of orders are published.
	Exchange = "order_events"
	// Queue is where those wait that buyers are told about.
	Queue = "order_notifications"
	// Prefetch bounds the events that are handled at a time.
	Prefetch = 100

	maxPayload = 1 << 20 // bytes, as of every body; a real event has a few hundred.
)

const (
	created       = string(domain.OrderCreated)
	statusChanged = string(domain.OrderStatusChanged)
	deleted       = "order.deleted"
)

// Topology is every queue of the system, as each of its services declares it.
func Topology() event.Topology {
	return event.Topology{
		Exchange: Exchange,
		Queues: []event.Queue{
			{Name: Queue, Types: []string{created, statusChanged}},
			{Name: "product_stock", Types: []string{statusChanged, deleted}},
		},
	}
}

// Handler returns the handler of the queue, with metrics notification_messages_total
// and so on and a span for each event. An event that can never be told is
// dead-lettered with its reason; one whose buyer can't be looked up now waits.
func Handler(n ports.Notifier, tel *telemetry.Telemetry) event.Handler {
	s := subscriber{n, tel}
	handle := event.Mux(
		event.On(created, s.tell),
		event.On(statusChanged, s.tell),
	)
	bounded := func(ctx context.Context, d event.Delivery) error {
		if len(d.Data) > maxPayload {
			return event.ErrPayload.With("type", d.Type).Wrap(fmt.Errorf("%d bytes are more than %d", len(d.Data), maxPayload))
		}
		return handle(ctx, d)
	}
	return observe.Handler(tel, "notification", bounded, created, statusChanged)
}

type subscriber struct {
	notifier ports.Notifier
	tel      *telemetry.Telemetry
}

// order is the payload of every event about an order, as far as buyers are told
// about it.
type order struct {
	ID          int64         `json:"order_id"`
	UserID      int64         `json:"user_id"`
	ProductName string        `json:"product_name"`
	Quantity    int64         `json:"quantity"`
	UnitPrice   *money.Amount `json:"unit_price"`
	TotalPrice  *money.Amount `json:"total_price"`
	Status      domain.Status `json:"status"`
	Sequence    int64         `json:"sequence"` // Absent in events of systems before this one.
}

func (s subscriber) tell(ctx context.Context, d event.Delivery, o order) error {
	news, err := o.news(d, s.traceparent(ctx))
	if err != nil {
		return err
	}
	outcome, err := s.notifier.Notify(ctx, news)
	if err != nil {
		return err
	}
	if outcome == ports.Duplicate {
		observe.Duplicate(ctx)
	}
	s.tel.Log.DebugContext(ctx, "event handled", "outcome", outcome, "event", d.Type, "event_id", d.ID, "order_id", o.ID)
	return nil
}

// news checks the payload.
func (o order) news(d event.Delivery, traceparent string) (domain.News, error) {
	switch {
	case o.UnitPrice == nil:
		return domain.News{}, missing("unit_price")
	case o.TotalPrice == nil:
		return domain.News{}, missing("total_price")
	}
	return domain.NewNews(domain.News{
		EventID: d.ID, Type: domain.Type(d.Type), Sequence: o.Sequence, OccurredAt: d.OccurredAt, Trace: traceparent,
		Order: domain.Order{
			ID: o.ID, UserID: o.UserID, Product: o.ProductName, Quantity: o.Quantity,
			UnitPrice: *o.UnitPrice, Total: *o.TotalPrice, Status: o.Status,
		},
	})
}

func missing(field string) error {
	return domain.ErrNews.With("field", field).Wrap(errs.Violates("missing"))
}

// traceparent returns the place in the order's trace where the event is handled:
// deliveries are its children.
func (s subscriber) traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	s.tel.Propagator.Inject(ctx, carrier)
	return carrier["traceparent"]
}
