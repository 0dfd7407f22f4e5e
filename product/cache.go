package product

import (
	"context"
	"time"

	"shop/kit/cache/memory"
	"shop/kit/cache/redis"
	"shop/kit/service"
	"shop/kit/web"

	"shop/product/adapters/cached"
	productredis "shop/product/adapters/redis"
	"shop/product/adapters/sql"
	"shop/product/domain"
	"shop/product/ports"
)

// caching is what stands between the service and its stores.
type caching struct {
	cache  *cached.Cache // nil: switched off.
	noting []sql.Option  // What the stores do for it.
	check  web.Check
	closer *service.Closer // nil: there is nothing to close.
}

// newCaching returns the cache that cfg asks for. A Redis that is away is none of
// its errors.
func newCaching(cfg Config, infra service.Infra) (caching, error) {
	o := cached.Options{TTL: cfg.CacheTTL.Duration(), Now: infra.Now}
	switch {
	case !cfg.CacheEnabled:
		return caching{check: web.Check{Name: "redis", Probe: noCache}}, nil
	case cfg.sharesCache():
		return newSharedCaching(cfg, infra, o)
	}
	store, err := memory.New[domain.Product](cfg.CacheMaxEntries, infra.Now)
	if err != nil {
		return caching{}, err
	}
	return caching{cache: cached.New(store, infra.Tel, o), check: web.Check{Name: "redis", Probe: embedded}}, nil
}

func newSharedCaching(cfg Config, infra service.Infra, o cached.Options) (caching, error) {
	store, err := redis.Open(cfg.redis(), productredis.Codec(), infra.Tel)
	if err != nil {
		return caching{}, err
	}
	list := sql.NewInvalidations(infra.DB, infra.Now)
	o.Shared = &cached.Shared{Timeout: cfg.RedisTimeout.Duration(), Invalidations: list}
	return caching{
		cache:  cached.New(store, infra.Tel, o),
		noting: []sql.Option{sql.Noting(list)},
		check:  redisCheck(store),
		closer: &service.Closer{Name: "redis", Close: func(context.Context) error { return store.Close() }},
	}, nil
}

// around puts the cache beside the stores.
func (c caching) around(p ports.Products, r ports.Reservations) (ports.Products, ports.Reservations) {
	if c.cache == nil {
		return p, r
	}
	return cached.NewProducts(p, c.cache), cached.NewReservations(r, c.cache)
}

// redisCheck is not critical: the database is asked while Redis is away.
func redisCheck(c *redis.Cache[domain.Product]) web.Check {
	return web.Check{Name: "redis", Probe: func(ctx context.Context) (map[string]any, error) {
		start := time.Now()
		err := c.Ping(ctx)
		took := float64(time.Since(start).Microseconds()) / 1000
		return map[string]any{"engine": "redis", "latency_ms": took}, err
	}}
}

// embedded is the probe of the cache in this process, which is healthy under the
// name of what it stands in for.
func embedded(context.Context) (map[string]any, error) {
	return map[string]any{"engine": "memory"}, nil
}

// noCache is the probe of a cache that is switched off.
func noCache(context.Context) (map[string]any, error) { return map[string]any{"engine": "none"}, nil }
