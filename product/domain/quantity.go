package domain

import (
	"math"

	"shop/kit/errs"
)

// MaxQuantity is the most pieces a client may name. Stock may grow past it when
// reserved pieces come back after the owner has counted anew.
const MaxQuantity = math.MaxInt32

// Quantity counts pieces, never below 0.
type Quantity int64

// NewQuantity returns n as the stock of a product, 0 to MaxQuantity, or the
// *errs.Rule it breaks.
func NewQuantity(n int64) (Quantity, error) {
	switch {
	case n < 0:
		return 0, errs.GreaterOrEqual(0)
	case n > MaxQuantity:
		return 0, errs.LessOrEqual(MaxQuantity)
	}
	return Quantity(n), nil
}

// NewPieces returns n as a quantity to reserve, 1 to MaxQuantity, or the
// *errs.Rule it breaks.
func NewPieces(n int64) (Quantity, error) {
	if n < 1 {
		return 0, errs.GreaterOrEqual(1)
	}
	return NewQuantity(n)
}
