package sql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"shop/kit/errs"
	"shop/kit/money"
	"shop/kit/sqldb"
	"shop/order/domain"
)

// order is a row of the table orders; as JSON it is part of an outcome.
type order struct {
	ID              int64        `db:"id" json:"id"`
	UserID          int64        `db:"user_id" json:"user_id"`
	ProductID       int64        `db:"product_id" json:"product_id"`
	ProductName     string       `db:"product_name" json:"product_name"`
	Quantity        int64        `db:"quantity" json:"quantity"`
	UnitPriceMinor  money.Amount `db:"unit_price_minor" json:"unit_price"`
	TotalPriceMinor money.Amount `db:"total_price_minor" json:"total_price"`
	Status          string       `db:"status" json:"status"`
	ReservationID   string       `db:"reservation_id" json:"reservation_id"`
	CreatedAt       sqldb.Micros `db:"created_at" json:"created_at"`
	UpdatedAt       sqldb.Micros `db:"updated_at" json:"updated_at"`
	Version         int64        `db:"version" json:"version"` // The order's sequence.
}

func orderRow(o domain.Order) order {
	s := o.Snapshot()
	return order{
		ID: int64(s.ID), UserID: int64(s.UserID), ProductID: int64(s.ProductID), ProductName: s.ProductName,
		Quantity: int64(s.Quantity), UnitPriceMinor: s.UnitPrice, TotalPriceMinor: s.Total,
		Status: string(s.Status), ReservationID: string(s.Reservation),
		CreatedAt: sqldb.From(s.CreatedAt), UpdatedAt: sqldb.From(s.UpdatedAt), Version: s.Sequence,
	}
}

func (row order) domain() (domain.Order, error) {
	return domain.Restore(domain.Snapshot{
		ID: domain.OrderID(row.ID), UserID: domain.UserID(row.UserID),
		ProductID: domain.ProductID(row.ProductID), ProductName: row.ProductName,
		Quantity: domain.Quantity(row.Quantity), UnitPrice: row.UnitPriceMinor, Total: row.TotalPriceMinor,
		Status: domain.Status(row.Status), Reservation: domain.ReservationID(row.ReservationID),
		Sequence: row.Version, CreatedAt: row.CreatedAt.Time(), UpdatedAt: row.UpdatedAt.Time(),
	})
}

// reservation is a row of the table reservations.
type reservation struct {
	ID        string       `db:"id"`
	Outcome   string       `db:"outcome"`
	OrderID   *int64       `db:"order_id"` // nil: abandoned.
	DecidedAt sqldb.Micros `db:"decided_at"`
}

const (
	ordered   = "ordered"
	abandoned = "abandoned"
)

func (row reservation) decision() domain.Decision {
	if row.Outcome == ordered {
		return domain.Keep
	}
	return domain.Abandoned
}

// step is a row of the table order_history.
type step struct {
	OrderID  int64        `db:"order_id"`
	Sequence int64        `db:"sequence"`
	Status   string       `db:"status"`
	At       sqldb.Micros `db:"at"`
	TraceID  string       `db:"trace_id"`
}

// outcome is the JSON in the column outcome of idempotency_keys.
type outcome struct {
	Order   *order   `json:"order,omitempty"`
	Refusal *refusal `json:"refusal,omitempty"`
	TraceID string   `json:"trace_id"`
}

type refusal struct {
	Code   string      `json:"code"`
	Params errs.Params `json:"params"`
}

func (o outcome) text() (string, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode the outcome of an idempotency key: %w", err)
	}
	return string(b), nil
}

func outcomeOf(text string) (*domain.Outcome, error) {
	var o outcome
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber() // Parameters are texts and integers, which must not become floats.
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("decode the outcome of an idempotency key: %w", err)
	}
	return o.domain()
}

func (o outcome) domain() (*domain.Outcome, error) {
	known := &domain.Outcome{TraceID: o.TraceID}
	switch {
	case o.Refusal != nil:
		known.Refusal = errs.New(errs.Refused, o.Refusal.Code)
		known.Refusal.Params = o.Refusal.Params
		for name, value := range o.Refusal.Params {
			if number, ok := value.(json.Number); ok {
				n, err := number.Int64()
				if err != nil {
					return nil, fmt.Errorf("outcome of an idempotency key: parameter %s: %w", name, err)
				}
				known.Refusal.Params[name] = n
			}
		}
	case o.Order != nil:
		stored, err := o.Order.domain()
		if err != nil {
			return nil, err
		}
		known.Order = &stored
	default:
		return nil, errors.New("outcome of an idempotency key: neither order nor refusal")
	}
	return known, nil
}
