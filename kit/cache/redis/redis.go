// Package redis keeps the entries of a cache in Redis, where every process of a
// service shares them: one server, a cluster, or a master that Sentinels watch.
//
// An entry lies under its key itself and is read as JSON by people and other
// programs: the value's own object with one member more,
// {"id":1,"name":"Laptop","_version":3}. That there is no value is
// {"_missing":true,"_version":3}, a tombstone {"_tombstone":true,"_version":4}.
// Anything else under a key is no entry: Get passes it over and Put replaces it.
package redis

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"shop/kit/cache"
	"shop/kit/errs"
	"shop/kit/telemetry"
)

// Codec writes values as JSON and reads them back.
type Codec[V any] struct {
	// Marshal returns v as a JSON object without space around it. Members whose
	// names begin with _ are the cache's.
	Marshal func(v V) ([]byte, error)
	// Unmarshal reads what Marshal wrote of the row's version. It refuses what is
	// no whole V: something else may lie under the key.
	Unmarshal func(object []byte, version int64) (V, error)
}

// Cache implements cache.Cache.
type Cache[V any] struct {
	client redis.UniversalClient
	codec  Codec[V]
	put    *redis.Script
	bury   *redis.Script
	pool   *poolStats
}

var _ cache.Cache[int] = (*Cache[int])(nil)

//go:embed put.lua
var putSource string

//go:embed bury.lua
var burySource string

// Open returns the cache that cfg names. It does not wait for Redis: while Redis
// is away operations fail, and work again by themselves when it is back. The
// error is about cfg.
func Open[V any](cfg Config, codec Codec[V], tel *telemetry.Telemetry) (*Cache[V], error) {
	options, err := cfg.options()
	if err != nil {
		return nil, err
	}
	// The library would write to standard error, past every logger. It has this one
	// switch for all clients, and tells nothing that its errors don't tell.
	logging.Disable()
	c := &Cache[V]{
		client: redis.NewUniversalClient(options),
		codec:  codec,
		put:    redis.NewScript(putSource),
		bury:   redis.NewScript(burySource),
		pool:   telemetry.Register(tel, newPoolStats(tel.Service)),
	}
	c.client.AddHook(newTracing(tel, cfg))
	c.pool.add(c.client, options.PoolSize)
	return c, nil
}

// Get implements cache.Cache.
func (c *Cache[V]) Get(ctx context.Context, key string) (cache.Entry[V], bool, error) {
	text, err := c.client.Get(ctx, key).Result()
	switch {
	case errors.Is(err, redis.Nil), redis.HasErrorPrefix(err, "WRONGTYPE"):
		return cache.Entry[V]{}, false, nil
	case err != nil:
		return cache.Entry[V]{}, false, failed(ctx, err)
	}
	return c.read(ctx, key, text)
}

// read returns the entry that text is.
func (c *Cache[V]) read(ctx context.Context, key, text string) (e cache.Entry[V], found bool, err error) {
	head, version, ok := cut(text)
	switch {
	case !ok:
		return e, false, nil
	case head == tombstone:
		return cache.Tombstone[V](version), true, nil
	case head == missing:
		return cache.Entry[V]{Version: version, Missing: true}, true, nil
	}
	e.Version = version
	if e.Value, err = c.codec.Unmarshal(object(head), version); err == nil {
		return e, true, nil
	}
	// Its version still holds, for this or another process may have an older copy
	// in its hands: the value becomes a tombstone, which asks for a new one.
	e = cache.Tombstone[V](version)
	grave, err := c.text(e)
	if err != nil {
		return e, false, err
	}
	if err := c.bury.Run(ctx, c.client, []string{key}, text, grave).Err(); err != nil {
		return cache.Entry[V]{}, false, failed(ctx, err)
	}
	return e, true, nil
}

// Put implements cache.Cache.
func (c *Cache[V]) Put(ctx context.Context, key string, e cache.Entry[V], ttl time.Duration) (stored bool, err error) {
	if ttl <= 0 {
		return false, nil
	}
	text, err := c.text(e)
	if err != nil {
		return false, err
	}
	stored, err = c.put.Run(ctx, c.client, []string{key}, text, max(ttl.Milliseconds(), 1)).Bool()
	if err != nil {
		return false, failed(ctx, err)
	}
	return stored, nil
}

// Ping implements cache.Cache.
func (c *Cache[V]) Ping(ctx context.Context) error {
	if err := c.client.Ping(ctx).Err(); err != nil {
		return failed(ctx, err)
	}
	return nil
}

// Close lets go of every connection.
func (c *Cache[V]) Close() error {
	c.pool.remove(c.client)
	return c.client.Close()
}

// failed is err as the contract of cache.Cache has it.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return errs.ErrUnavailable.Wrap(err)
}
