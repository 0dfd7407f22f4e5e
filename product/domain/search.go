package domain

import (
	"strings"
	"unicode/utf8"

	"shop/kit/errs"
	"shop/kit/money"
)

const maxQuery = 255 // characters, as a name has

// Filter selects products. The zero Filter selects all.
type Filter struct {
	Words    []string // Folded; each must occur in the name.
	MinPrice *money.Amount
	MaxPrice *money.Amount
	InStock  *bool // true: at least one piece; false: none.
}

// Empty reports whether f selects every product.
func (f Filter) Empty() bool {
	return len(f.Words) == 0 && f.MinPrice == nil && f.MaxPrice == nil && f.InStock == nil
}

// Matches reports whether f selects p.
func (f Filter) Matches(p Product) bool {
	name := p.Name.Folded()
	for _, w := range f.Words {
		if !strings.Contains(name, w) {
			return false
		}
	}
	switch {
	case f.MinPrice != nil && p.Price.amount < *f.MinPrice,
		f.MaxPrice != nil && p.Price.amount > *f.MaxPrice,
		f.InStock != nil && *f.InStock != (p.Quantity > 0):
		return false
	}
	return true
}

// NewWords returns the words of the query s, folded, or the *errs.Rule it breaks.
// A blank query has none and so selects everything.
func NewWords(s string) ([]string, error) {
	switch {
	case !utf8.ValidString(s):
		return nil, errUnicode
	case utf8.RuneCountInString(s) > maxQuery:
		return nil, errs.TooLong(maxQuery)
	case strings.ContainsRune(s, 0):
		return nil, errNUL
	}
	return words(Fold(s)), nil
}
