package memory

import (
	"context"
	"sync"

	"shop/kit/errs"
	"shop/kit/money"
	"shop/order/domain"
	"shop/order/ports"
)

// Product is one entry of a Catalogue.
type Product struct {
	Name  string
	Price money.Amount
	Stock int64
}

// Catalogue implements ports.Catalogue: the product service in a few lines.
type Catalogue struct {
	mu           sync.Mutex
	products     map[domain.ProductID]Product
	reservations map[domain.ReservationID]reservation
	failures     []error
	reserved     func(domain.ReservationID)
}

type reservation struct {
	product  domain.ProductID
	quantity domain.Quantity
	answer   domain.Reserved
	released bool
}

var _ ports.Catalogue = (*Catalogue)(nil)

// NewCatalogue returns a catalogue of products.
func NewCatalogue(products map[domain.ProductID]Product) *Catalogue {
	return &Catalogue{products: products, reservations: map[domain.ReservationID]reservation{}}
}

// Fail makes the next calls of Reserve return errors, one each; nil means that
// the pieces are reserved but the answer is lost.
func (c *Catalogue) Fail(errors ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, errors...)
}

// OnReserved calls f after each successful Reserve, before the caller knows.
func (c *Catalogue) OnReserved(f func(domain.ReservationID)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reserved = f
}

func (c *Catalogue) Reserve(
	ctx context.Context, id domain.ReservationID, p domain.ProductID, q domain.Quantity,
) (domain.Reserved, error) {
	if err := ctx.Err(); err != nil {
		return domain.Reserved{}, domain.ErrCatalogueUnavailable.Wrap(err)
	}
	answer, after, err := c.reserve(id, p, q)
	if err == nil && after != nil {
		after(id)
	}
	return answer, err
}

func (c *Catalogue) reserve(
	id domain.ReservationID, p domain.ProductID, q domain.Quantity,
) (domain.Reserved, func(domain.ReservationID), error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost := false
	if len(c.failures) > 0 {
		err := c.failures[0]
		c.failures = c.failures[1:]
		if err != nil {
			return domain.Reserved{}, nil, err
		}
		lost = true
	}
	r, known := c.reservations[id]
	switch product, exists := c.products[p]; {
	case known && (r.released || r.product != p || r.quantity != q):
		return domain.Reserved{}, nil, domain.ErrReservationGone
	case known:
	case !exists:
		return domain.Reserved{}, nil, domain.ErrProductNotFound.With("id", int64(p))
	case product.Stock < int64(q):
		return domain.Reserved{}, nil, domain.ErrInsufficientStock.With("available", product.Stock).With("requested", int64(q))
	default:
		product.Stock -= int64(q)
		c.products[p] = product
		r = reservation{p, q, domain.Reserved{ID: id, ProductName: product.Name, UnitPrice: product.Price}, false}
		c.reservations[id] = r
	}
	if lost {
		return domain.Reserved{}, nil, domain.ErrCatalogueUnavailable.Wrap(errs.ErrTimeout)
	}
	return r.answer, c.reserved, nil
}

// Put adds a product, or replaces it.
func (c *Catalogue) Put(id domain.ProductID, p Product) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.products[id] = p
}

// Release gives the pieces of a reservation back, once.
func (c *Catalogue) Release(id domain.ReservationID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, known := c.reservations[id]
	if !known || r.released {
		return
	}
	r.released = true
	c.reservations[id] = r
	product := c.products[r.product]
	product.Stock += int64(r.quantity)
	c.products[r.product] = product
}

// Stock returns how many pieces of p nobody has reserved.
func (c *Catalogue) Stock(p domain.ProductID) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.products[p].Stock
}
