package domain

import (
	"github.com/google/uuid"

	"shop/kit/errs"
)

type (
	// OrderID is the number of an order, from 1; 0 is an order that was not stored yet.
	OrderID int64
	// UserID is the number that the user service gave a user.
	UserID int64
	// ProductID is the number that the product service gave a product.
	ProductID int64
)

// NewOrderID returns n, or the *errs.Rule it breaks: ids start at 1.
func NewOrderID(n int64) (OrderID, error) { return positive[OrderID](n) }

// NewProductID returns n, or the *errs.Rule it breaks: ids start at 1.
func NewProductID(n int64) (ProductID, error) { return positive[ProductID](n) }

func positive[T ~int64](n int64) (T, error) {
	if n < 1 {
		return 0, errs.GreaterOrEqual(1)
	}
	return T(n), nil
}

// ReservationID names pieces set aside in the product's stock. We choose it, so
// that a repeated request is the same reservation: a UUID in its 36-character
// form, lower case.
type ReservationID string

var errNotUUID = errs.Violates("uuid_parsing")

// NewReservationID reads a UUID or returns the *errs.Rule that s breaks.
func NewReservationID(s string) (ReservationID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 { // Parse also takes braces, urn: and bare digits.
		return "", errNotUUID
	}
	return ReservationID(id.String()), nil
}
