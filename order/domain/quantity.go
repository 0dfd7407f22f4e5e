package domain

import (
	"math"

	"shop/kit/errs"
)

// MaxQuantity is the most pieces one order may ask for; the product service
// knows no larger stock.
const MaxQuantity = math.MaxInt32

// Quantity counts the pieces of an order, 1 to MaxQuantity.
type Quantity int64

// NewQuantity returns n or the *errs.Rule it breaks.
func NewQuantity(n int64) (Quantity, error) {
	switch {
	case n < 1:
		return 0, errs.GreaterOrEqual(1)
	case n > MaxQuantity:
		return 0, errs.LessOrEqual(MaxQuantity)
	}
	return Quantity(n), nil
}
