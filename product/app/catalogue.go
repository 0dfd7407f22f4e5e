// Package app is the use cases of the product service, the only code that calls
// its outbound ports.
package app

import (
	"context"
	"slices"
	"time"

	"shop/product/domain"
	"shop/product/ports"
)

// maxCount is how far a filtered list is counted: beyond it the figure is no use
// to a reader and dear to the database.
const maxCount = 10_000

// Catalogue implements ports.Catalogue over a store of products.
type Catalogue struct {
	products ports.Products
	now      func() time.Time
}

var _ ports.Catalogue = (*Catalogue)(nil)

// NewCatalogue returns the catalogue of products, by the clock now.
func NewCatalogue(products ports.Products, now func() time.Time) *Catalogue {
	return &Catalogue{products, now}
}

func (c *Catalogue) Create(ctx context.Context, d domain.Draft) (domain.Product, error) {
	return c.products.Add(ctx, domain.NewProduct(d, c.now()))
}

func (c *Catalogue) Get(ctx context.Context, id domain.ID) (domain.Product, error) {
	return c.products.Get(ctx, id)
}

// List reads one product more than the page has, to know whether another page
// follows.
func (c *Catalogue) List(ctx context.Context, l ports.List) (ports.Page, error) {
	ceiling := int64(maxCount)
	if l.Filter.Empty() {
		ceiling = 0
	}
	total, exact, err := c.products.Count(ctx, l.Filter, ceiling)
	if err != nil {
		return ports.Page{}, err
	}
	found, err := c.products.List(ctx, l, l.Limit+1)
	if err != nil {
		return ports.Page{}, err
	}
	page := ports.Page{Products: found, Total: total, Exact: exact}
	if len(found) > l.Limit {
		page.Products = found[:l.Limit]
		next := domain.After(found[l.Limit-1], l.Sort)
		page.Next = &next
	}
	return page, nil
}

func (c *Catalogue) Update(ctx context.Context, u ports.Update) (domain.Product, error) {
	return c.products.Update(ctx, u.ID, func(p domain.Product) (domain.Product, error) {
		if err := check(u.Match, p); err != nil {
			return p, err
		}
		changed := p.Apply(u.Change, c.now())
		if changed.Version != p.Version && !changed.Price.Valid() {
			return p, domain.ErrUnpriced
		}
		return changed, nil
	})
}

func (c *Catalogue) Delete(ctx context.Context, d ports.Delete) error {
	_, err := c.products.Remove(ctx, d.ID, func(p domain.Product) error { return check(d.Match, p) })
	return err
}

func check(m ports.Match, p domain.Product) error {
	if m.Required && !slices.Contains(m.Versions, p.Version) {
		return domain.ErrProductChanged
	}
	return nil
}
