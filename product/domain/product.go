// Package domain is what is true of a catalogue with stock: what a product may
// be, how it changes, and how pieces of it are set aside for an order.
package domain

import (
	"time"

	"shop/kit/errs"
)

// ID is the number of a product, 1, 2, …; a number is never given twice.
type ID int64

// NewID returns n as an ID or the *errs.Rule it breaks.
func NewID(n int64) (ID, error) {
	if n < 1 {
		return 0, errs.GreaterOrEqual(1)
	}
	return ID(n), nil
}

// Draft is a product before it has a number.
type Draft struct {
	Name        Name
	Description Description
	Price       Price
	Quantity    Quantity
}

// Product is one entry of the catalogue.
type Product struct {
	ID ID
	Draft
	CreatedAt time.Time // UTC, whole microseconds, as are all times of this package.
	UpdatedAt time.Time
	Version   int64 // 1 at first; one more with every change, also of the stock.
}

// NewProduct returns d as a product of now; the store gives it its ID.
func NewProduct(d Draft, now time.Time) Product {
	at := instant(now)
	return Product{Draft: d, CreatedAt: at, UpdatedAt: at, Version: 1}
}

// Change names the fields of a product to set; nil leaves a field as it is.
type Change struct {
	Name        *Name
	Description *Description
	Price       *Price
	Quantity    *Quantity
}

// Apply returns p with c applied at now. A change to what is there already is
// none: version and time stay.
func (p Product) Apply(c Change, now time.Time) Product {
	d := p.Draft
	set(&d.Name, c.Name)
	set(&d.Description, c.Description)
	set(&d.Price, c.Price)
	set(&d.Quantity, c.Quantity)
	if d == p.Draft {
		return p
	}
	p.Draft = d
	return p.touched(now)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Take returns p with n pieces fewer, or ErrInsufficientStock. Of a product
// without a price nothing is for sale.
func (p Product) Take(n Quantity, now time.Time) (Product, error) {
	if !p.Price.Valid() {
		return p, Insufficient(0, n)
	}
	if p.Quantity < n {
		return p, Insufficient(p.Quantity, n)
	}
	p.Quantity -= n
	return p.touched(now), nil
}

// Give returns p with n pieces more.
func (p Product) Give(n Quantity, now time.Time) Product {
	p.Quantity += n
	return p.touched(now)
}

func (p Product) touched(now time.Time) Product {
	p.UpdatedAt = instant(now)
	p.Version++
	return p
}

// NotFound returns ErrProductNotFound for id.
func NotFound(id ID) error { return ErrProductNotFound.With("id", int64(id)) }

// Insufficient returns ErrInsufficientStock with its figures.
func Insufficient(available, requested Quantity) error {
	return ErrInsufficientStock.With("available", int64(available)).With("requested", int64(requested))
}

// instant returns t as every store keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
