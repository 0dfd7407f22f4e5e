package domain

import (
	"errors"
	"strings"

	"shop/kit/errs"
	"shop/kit/money"
)

// Price is what one piece costs: more than 0.00, at most 99999999.99.
type Price struct{ amount money.Amount }

// NewPrice reads decimal text, rounds it half up to two digits and returns it as
// a Price or the *errs.Rule it breaks.
func NewPrice(text string) (Price, error) {
	a, err := parseAmount(text)
	if err != nil {
		return Price{}, err
	}
	return PriceOf(a)
}

// PriceOf returns a as a Price or the *errs.Rule it breaks.
func PriceOf(a money.Amount) (Price, error) {
	switch {
	case a <= 0:
		return Price{}, errs.GreaterThan(0)
	case a > money.MaxInput:
		return Price{}, errs.LessOrEqual(money.MaxInput)
	}
	return Price{a}, nil
}

// Valid reports whether there is a price. What an older system sold for 0.00 has
// none until it is given one.
func (p Price) Valid() bool { return p.amount > 0 }

// Amount returns the price in minor units.
func (p Price) Amount() money.Amount { return p.amount }

// NewPriceBound reads one end of a price range to search in: 0.00 to
// 99999999.99, or the *errs.Rule it breaks.
func NewPriceBound(text string) (money.Amount, error) {
	a, err := parseAmount(text)
	switch {
	case err != nil:
		return 0, err
	case a < 0:
		return 0, errs.GreaterOrEqual(0)
	case a > money.MaxInput:
		return 0, errs.LessOrEqual(money.MaxInput)
	}
	return a, nil
}

// parseAmount reads text; what is too large for an Amount is brought to a value
// just outside the bounds, so that the caller names the bound it breaks.
func parseAmount(text string) (money.Amount, error) {
	a, err := money.Parse(text)
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, money.ErrRange) && strings.HasPrefix(strings.TrimSpace(text), "-"):
		return -1, nil
	case errors.Is(err, money.ErrRange):
		return money.MaxInput + 1, nil
	default:
		return 0, err // money.ErrSyntax, a rule.
	}
}
