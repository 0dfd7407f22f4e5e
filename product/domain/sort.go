package domain

import (
	"cmp"
	"slices"
	"strings"

	"shop/kit/errs"
)

// SortKey is what products are ordered by. Products with equal keys are ordered
// by ID.
type SortKey uint8

// The keys. Names are ordered in their folded form, byte by byte, so that every
// engine agrees.
const (
	ByID SortKey = iota
	ByName
	ByPrice
	ByCreatedAt
)

var sortKeys = []string{"id", "name", "price", "created_at"}

func (k SortKey) String() string { return sortKeys[k] }

// Sort is an order of products; the zero Sort is by ID, ascending.
type Sort struct {
	Key        SortKey
	Descending bool // The IDs of equal keys too.
}

// NewSort reads a key with an optional minus sign, or returns the *errs.Rule
// that s breaks.
func NewSort(s string) (Sort, error) {
	name, descending := strings.CutPrefix(s, "-")
	key := slices.Index(sortKeys, name)
	if key < 0 {
		return Sort{}, errs.OneOf("id, -id, name, -name, price, -price, created_at, -created_at")
	}
	return Sort{SortKey(key), descending}, nil
}

func (s Sort) String() string {
	if s.Descending {
		return "-" + s.Key.String()
	}
	return s.Key.String()
}

// Cursor is a place among the products in the order Sort: right after the one
// with this key and ID, whether or not it is still there.
type Cursor struct {
	Sort   Sort
	Text   string // The key by name.
	Number int64  // The key by price (minor units) or time of creation (microseconds).
	ID     ID
}

// After returns the place after p in the order s.
func After(p Product, s Sort) Cursor {
	c := Cursor{Sort: s, ID: p.ID}
	switch s.Key {
	case ByName:
		c.Text = p.Name.Folded()
	case ByPrice:
		c.Number = int64(p.Price.amount)
	case ByCreatedAt:
		c.Number = p.CreatedAt.UnixMicro()
	}
	return c
}

// Compare orders two places of one Sort.
func (c Cursor) Compare(o Cursor) int {
	n := cmp.Or(cmp.Compare(c.Text, o.Text), cmp.Compare(c.Number, o.Number), cmp.Compare(c.ID, o.ID))
	if c.Sort.Descending {
		return -n
	}
	return n
}
