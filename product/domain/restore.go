package domain

import "shop/kit/money"

// The way back from a store, which holds only what was valid when it was stored:
// no rule is asked again, so that a stricter one never hides what is there.

// RestoreName returns the stored name s.
func RestoreName(s string) Name { return Name{s} }

// RestoreDescription returns the stored description s, nil = none.
func RestoreDescription(s *string) Description {
	if s == nil {
		return Description{}
	}
	return Description{*s, true}
}

// RestorePrice returns the stored price a.
func RestorePrice(a money.Amount) Price { return Price{a} }
