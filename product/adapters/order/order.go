// Package order asks the order service over HTTP.
package order

import (
	"context"
	"fmt"
	"net/http"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/web"

	"shop/product/domain"
	"shop/product/ports"
)

// Orders implements ports.Orders by the order service's internal routes.
type Orders struct {
	client *web.Client
	settle func(context.Context, domain.ReservationID) (answer, error)
}

var _ ports.Orders = (*Orders)(nil)

type answer struct {
	Decision string `json:"decision"`
}

// New returns the order service at base ("http://127.0.0.1:8003"), called with
// the internal token.
func New(base string, tel *telemetry.Telemetry, token string) (*Orders, error) {
	client, err := web.NewClient(base, tel, web.ClientOptions{Name: "order", InternalToken: token})
	if err != nil {
		return nil, fmt.Errorf("client of the order service: %w", err)
	}
	return &Orders{client, web.Call[domain.ReservationID, answer](client,
		http.MethodPost, "/internal/reservations/{id}/settle",
		func(id domain.ReservationID) string { return "/internal/reservations/" + id.String() + "/settle" },
		nil,
	)}, nil
}

// Settle implements ports.Orders. An answer that is neither decision is
// errs.ErrUnavailable: stock is never moved on a guess.
func (o *Orders) Settle(ctx context.Context, id domain.ReservationID) (domain.Decision, error) {
	a, err := o.settle(ctx, id)
	if err != nil {
		return "", err
	}
	switch d := domain.Decision(a.Decision); d {
	case domain.Keep, domain.Abandoned:
		return d, nil
	}
	return "", errs.ErrUnavailable.Wrap(fmt.Errorf("the order service decided %q", a.Decision))
}

// Close closes the connections that no call is using.
func (o *Orders) Close() error { return o.client.Close() }
