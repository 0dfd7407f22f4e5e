// Package product asks the product service to set pieces aside.
package product

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"shop/kit/errs"
	"shop/kit/money"
	"shop/kit/web"
	"shop/order/domain"
	"shop/order/ports"
)

// Catalogue implements ports.Catalogue over HTTP.
type Catalogue struct {
	reserve func(context.Context, request) (answer, error)
}

var _ ports.Catalogue = (*Catalogue)(nil)

// request and answer are the bodies of POST /internal/reservations.
type request struct {
	ReservationID domain.ReservationID `json:"reservation_id"`
	ProductID     domain.ProductID     `json:"product_id"`
	Quantity      domain.Quantity      `json:"quantity"`
}

type answer struct {
	ReservationID domain.ReservationID `json:"reservation_id"`
	ProductName   string               `json:"product_name"`
	UnitPrice     money.Amount         `json:"unit_price"`
}

// NewCatalogue returns the catalogue behind c, a client of the product service.
func NewCatalogue(c *web.Client) *Catalogue {
	const route = "/internal/reservations"
	return &Catalogue{web.Call[request, answer](c, http.MethodPost, route,
		func(request) string { return route }, func(r request) any { return r })}
}

// Codes of the product service's refusals. Those of domain.ErrProductNotFound
// and ErrInsufficientStock are the same on both sides.
var (
	errReleased = errs.New(errs.Conflict, "reservation_released")
	errMismatch = errs.New(errs.Conflict, "reservation_mismatch")
)

// Reserve takes anything that is no answer to the question for an absence: that
// the product service refuses our token, or does not know the route, is no fault
// of the buyer.
func (c *Catalogue) Reserve(
	ctx context.Context, id domain.ReservationID, p domain.ProductID, q domain.Quantity,
) (domain.Reserved, error) {
	a, err := c.reserve(ctx, request{id, p, q})
	switch {
	case err == nil && a.ReservationID == id && a.ProductName != "" && a.UnitPrice > 0:
		return domain.Reserved{ID: id, ProductName: a.ProductName, UnitPrice: a.UnitPrice}, nil
	case err == nil:
		return domain.Reserved{}, domain.ErrCatalogueUnavailable.Wrap(fmt.Errorf("answered with reservation %+v", a))
	case errors.Is(err, domain.ErrProductNotFound):
		return domain.Reserved{}, domain.ErrProductNotFound.With("id", int64(p))
	case errors.Is(err, domain.ErrInsufficientStock):
		available, known := errs.Of(err).Params["available"].(int64)
		if !known {
			return domain.Reserved{}, domain.ErrCatalogueUnavailable.Wrap(fmt.Errorf("it did not say how many are left: %w", err))
		}
		return domain.Reserved{}, domain.ErrInsufficientStock.With("available", available).With("requested", int64(q))
	case errors.Is(err, errReleased), errors.Is(err, errMismatch):
		return domain.Reserved{}, domain.ErrReservationGone.Wrap(err)
	default:
		return domain.Reserved{}, domain.ErrCatalogueUnavailable.After(errs.Of(err).RetryAfter).Wrap(err)
	}
}
