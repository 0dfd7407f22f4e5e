// Package cached puts a cache beside the stores: reading a product asks the cache
// first, and whatever changes a product makes its readers ask the store again.
package cached

import (
	"context"
	"strconv"
	"strings"
	"time"

	"shop/kit/cache"
	"shop/kit/telemetry"

	"shop/product/domain"
	"shop/product/ports"
)

const prefix = "product:" // Of every key; what follows is the ID.

// The reasons for which an entry is dropped, as the metric names them.
const (
	created  = "create"
	updated  = "update"
	deleted  = "delete"
	reserved = "reserve"
	released = "release"
)

// NewAside returns the cache c of products, whose values live for ttl by the
// clock now.
func NewAside(c cache.Cache[domain.Product], tel *telemetry.Telemetry, ttl time.Duration, now func() time.Time) *cache.Aside[domain.Product] {
	return cache.NewAside("product", c, tel, cache.AsideOptions{
		TTL:     ttl,
		Missing: missing,
		Reasons: []string{created, updated, deleted, reserved, released},
		Now:     now,
	})
}

func key(id domain.ID) string { return prefix + strconv.FormatInt(int64(id), 10) }

// missing is what reading a product that is known not to exist fails with.
func missing(key string) error {
	id, err := strconv.ParseInt(strings.TrimPrefix(key, prefix), 10, 64)
	if err != nil { // No key that this package made.
		return domain.ErrProductNotFound
	}
	return domain.NotFound(domain.ID(id))
}

// Products is a ports.Products with a cache beside it. Lists are not cached.
type Products struct {
	ports.Products
	cache *cache.Aside[domain.Product]
}

// NewProducts returns inner with the cache c.
func NewProducts(inner ports.Products, c *cache.Aside[domain.Product]) *Products {
	return &Products{inner, c}
}

func (p *Products) Get(ctx context.Context, id domain.ID) (domain.Product, error) {
	return p.cache.Get(ctx, key(id), func(ctx context.Context) (domain.Product, int64, error) {
		found, err := p.Products.Get(ctx, id)
		return found, found.Version, err
	})
}

// Add drops the entry too: somebody may have asked for the number before it was
// given.
func (p *Products) Add(ctx context.Context, draft domain.Product) (domain.Product, error) {
	stored, err := p.Products.Add(ctx, draft)
	if err == nil {
		drop(ctx, p.cache, stored.ID, stored.Version, created)
	}
	return stored, err
}

func (p *Products) Update(
	ctx context.Context, id domain.ID, change func(domain.Product) (domain.Product, error),
) (domain.Product, error) {
	stored, err := p.Products.Update(ctx, id, change)
	if err == nil {
		drop(ctx, p.cache, id, stored.Version, updated)
	}
	return stored, err
}

func (p *Products) Remove(ctx context.Context, id domain.ID, allow func(domain.Product) error) (domain.Product, error) {
	removed, err := p.Products.Remove(ctx, id, allow)
	if err == nil {
		drop(ctx, p.cache, id, removed.Version+1, deleted)
	}
	return removed, err
}

// Reservations is a ports.Reservations that keeps the cache of Products true: a
// reservation changes the stock that readers see.
type Reservations struct {
	ports.Reservations
	cache *cache.Aside[domain.Product]
}

// NewReservations returns inner with the cache c, the one of Products.
func NewReservations(inner ports.Reservations, c *cache.Aside[domain.Product]) *Reservations {
	return &Reservations{inner, c}
}

func (r *Reservations) Reserve(
	ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration,
) (domain.Reservation, ports.Movement, error) {
	made, moved, err := r.Reservations.Reserve(ctx, c, now, ttl)
	r.moved(ctx, moved, reserved)
	return made, moved, err
}

func (r *Reservations) Release(ctx context.Context, release ports.Release, now, purgeAt time.Time) (ports.Movement, error) {
	moved, err := r.Reservations.Release(ctx, release, now, purgeAt)
	r.moved(ctx, moved, released)
	return moved, err
}

func (r *Reservations) moved(ctx context.Context, m ports.Movement, reason string) {
	if m.Product != 0 {
		drop(ctx, r.cache, m.Product, m.Version, reason)
	}
}

// drop makes readers of the product ask the store again. A failure needs no
// handling: the cache serves nothing until it has been made good.
func drop(ctx context.Context, c *cache.Aside[domain.Product], id domain.ID, version int64, reason string) {
	_ = c.Invalidate(ctx, key(id), version, reason)
}
