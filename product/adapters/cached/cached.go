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

// Invalidations is the list of products whose copies in a shared cache may be old.
// Whatever changes a product has noted it there in its own transaction.
type Invalidations interface {
	// Apply calls apply for every note that is not known as applied; the first
	// error ends it.
	Apply(ctx context.Context, apply func(ctx context.Context, id domain.ID, version int64) error) error
	// Applied tells that no cache serves the product older than version any more.
	Applied(id domain.ID, version int64)
}

// Options of a Cache.
type Options struct {
	TTL time.Duration    // Of a value.
	Now func() time.Time // The clock.

	// Shared is for a cache that other processes use too, across the network.
	Shared *Shared
}

// Shared is what a cache across the network needs.
type Shared struct {
	Timeout       time.Duration // Of one operation; then the store is asked.
	Invalidations Invalidations
}

// Cache is the cache of products, beside both stores.
type Cache struct {
	aside         *cache.Aside[domain.Product]
	invalidations Invalidations // nil: the cache is of this process alone.
}

// New returns the cache of products that c keeps.
func New(c cache.Cache[domain.Product], tel *telemetry.Telemetry, o Options) *Cache {
	aside := cache.AsideOptions{
		TTL:     o.TTL,
		Missing: missing,
		Reasons: []string{created, updated, deleted, reserved, released},
		Now:     o.Now,
	}
	cached := &Cache{}
	if o.Shared != nil {
		cached.invalidations = o.Shared.Invalidations
		aside.Timeout, aside.Pending = o.Shared.Timeout, pending{o.Shared.Invalidations}
	}
	cached.aside = cache.NewAside("product", c, tel, aside)
	return cached
}

// pending is the list by keys.
type pending struct{ Invalidations }

func (p pending) Apply(ctx context.Context, apply func(ctx context.Context, key string, version int64) error) error {
	return p.Invalidations.Apply(ctx, func(ctx context.Context, id domain.ID, version int64) error {
		return apply(ctx, key(id), version)
	})
}

// drop makes readers of the product ask the store again. A failure needs no
// handling: the cache serves nothing until it has been made good, for which the
// product stays in the list.
func (c *Cache) drop(ctx context.Context, id domain.ID, version int64, reason string) {
	err := c.aside.Invalidate(ctx, key(id), version, reason)
	if err == nil && c.invalidations != nil {
		c.invalidations.Applied(id, version)
	}
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
	cache *Cache
}

// NewProducts returns inner with the cache c.
func NewProducts(inner ports.Products, c *Cache) *Products {
	return &Products{inner, c}
}

func (p *Products) Get(ctx context.Context, id domain.ID) (domain.Product, error) {
	return p.cache.aside.Get(ctx, key(id), func(ctx context.Context) (domain.Product, int64, error) {
		found, err := p.Products.Get(ctx, id)
		return found, found.Version, err
	})
}

// Add drops the entry too: somebody may have asked for the number before it was
// given.
func (p *Products) Add(ctx context.Context, draft domain.Product) (domain.Product, error) {
	stored, err := p.Products.Add(ctx, draft)
	if err == nil {
		p.cache.drop(ctx, stored.ID, stored.Version, created)
	}
	return stored, err
}

func (p *Products) Update(
	ctx context.Context, id domain.ID, change func(domain.Product) (domain.Product, error),
) (domain.Product, error) {
	stored, err := p.Products.Update(ctx, id, change)
	if err == nil {
		p.cache.drop(ctx, id, stored.Version, updated)
	}
	return stored, err
}

func (p *Products) Remove(ctx context.Context, id domain.ID, allow func(domain.Product) error) (domain.Product, error) {
	removed, err := p.Products.Remove(ctx, id, allow)
	if err == nil {
		p.cache.drop(ctx, id, removed.Version+1, deleted)
	}
	return removed, err
}

// Reservations is a ports.Reservations that keeps the cache of Products true: a
// reservation changes the stock that readers see.
type Reservations struct {
	ports.Reservations
	cache *Cache
}

// NewReservations returns inner with the cache c, the one of Products.
func NewReservations(inner ports.Reservations, c *Cache) *Reservations {
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
		r.cache.drop(ctx, m.Product, m.Version, reason)
	}
}
