package app

import (
	"encoding/json"
	"fmt"
	"strconv"

	"shop/kit/event"
	"shop/kit/money"
	"shop/order/domain"
	"shop/order/ports"
)

// The events of an order; asyncapi.yaml describes them.
const (
	Created       = "order.created"
	StatusChanged = "order.status_changed"
	Deleted       = "order.deleted"
)

// data is the payload of every event. Fields may be added, never removed or
// retyped: other systems read it.
type data struct {
	OrderID        domain.OrderID       `json:"order_id"`
	UserID         domain.UserID        `json:"user_id"`
	ProductID      domain.ProductID     `json:"product_id"`
	ProductName    string               `json:"product_name"`
	Quantity       domain.Quantity      `json:"quantity"`
	UnitPrice      money.Amount         `json:"unit_price"`
	TotalPrice     money.Amount         `json:"total_price"`
	Status         domain.Status        `json:"status"`
	PreviousStatus domain.Status        `json:"previous_status,omitempty"` // order.status_changed only.
	CreatedAt      string               `json:"created_at"`                // RFC 3339, UTC, microseconds.
	Sequence       int64                `json:"sequence"`
	ReservationID  domain.ReservationID `json:"reservation_id"`
}

func created(o domain.Order) (event.Event, error) { return describe(Created, o, "") }

// statusChanged announces the status the order has by now.
func statusChanged(previous domain.Status) ports.Announce {
	return func(o domain.Order) (event.Event, error) { return describe(StatusChanged, o, previous) }
}

// deleted announces that the order is gone; its status is the last it had.
func deleted(o domain.Order) (event.Event, error) { return describe(Deleted, o, "") }

// describe returns the event of o's latest change. The outbox gives it its id
// and its trace.
func describe(typ string, o domain.Order, previous domain.Status) (event.Event, error) {
	s := o.Snapshot()
	payload, err := json.Marshal(data{
		OrderID: s.ID, UserID: s.UserID, ProductID: s.ProductID, ProductName: s.ProductName,
		Quantity: s.Quantity, UnitPrice: s.UnitPrice, TotalPrice: s.Total,
		Status: s.Status, PreviousStatus: previous,
		CreatedAt: s.CreatedAt.Format(timeLayout), Sequence: s.Sequence, ReservationID: s.Reservation,
	})
	if err != nil {
		return event.Event{}, fmt.Errorf("encode %s of order %d: %w", typ, s.ID, err)
	}
	return event.Event{
		Type: typ, Key: strconv.FormatInt(int64(s.ID), 10), Sequence: s.Sequence,
		OccurredAt: s.UpdatedAt, Data: payload,
	}, nil
}

const timeLayout = "2006-01-02T15:04:05.000000Z07:00"
