// Package memory is the cache inside of the process: the embedded one, and the
// fake for tests of what uses a cache.
package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"shop/kit/cache"
)

var _ cache.Cache[int] = (*Cache[int])(nil)

// Cache holds at most maxEntries values, those that are read most. Tombstones are
// not counted: a value that is read often must not push out the mark that keeps
// an old copy of another from coming back. They live for seconds, so their number
// is bounded by the rate of writes.
type Cache[V any] struct {
	values *otter.Cache[string, held[cache.Entry[V]]]
	floors *otter.Cache[string, held[int64]] // Versions of tombstones. Its locks order all writers of a key.
}

// held is something with the time it is kept for.
type held[T any] struct {
	item T
	ttl  time.Duration
}

// New returns an empty cache of at most maxEntries values whose entries expire by
// now. It runs no goroutine of its own, so there is nothing to close.
func New[V any](maxEntries int, now func() time.Time) (*Cache[V], error) {
	if maxEntries < 1 {
		return nil, fmt.Errorf("cache of %d entries: at least 1 is needed", maxEntries)
	}
	c := clock{now: now, start: now()}
	values, err := otter.New(&otter.Options[string, held[cache.Entry[V]]]{
		MaximumSize: maxEntries, ExpiryCalculator: expiry[cache.Entry[V]](), Clock: c,
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of values: %w", err)
	}
	floors, err := otter.New(&otter.Options[string, held[int64]]{ExpiryCalculator: expiry[int64](), Clock: c})
	if err != nil {
		return nil, fmt.Errorf("make the cache of tombstones: %w", err)
	}
	return &Cache[V]{values: values, floors: floors}, nil
}

// Get implements cache.Cache. It never fails. It looks for the tombstone last and
// Put leaves it first, so no reader sees a version fall.
func (c *Cache[V]) Get(_ context.Context, key string) (cache.Entry[V], bool, error) {
	v, found := c.values.GetIfPresent(key)
	if floor, ok := c.floors.GetIfPresent(key); ok && (!found || floor.item > v.item.Version) {
		return cache.Tombstone[V](floor.item), true, nil
	}
	return v.item, found, nil
}

// Put implements cache.Cache. It never fails.
func (c *Cache[V]) Put(_ context.Context, key string, e cache.Entry[V], ttl time.Duration) (stored bool, err error) {
	if ttl <= 0 {
		return false, nil
	}
	c.floors.Compute(key, func(floor held[int64], found bool) (held[int64], otter.ComputeOp) {
		if found && !e.Replaces(cache.Tombstone[V](floor.item)) {
			return floor, otter.CancelOp
		}
		if present, ok := c.values.GetEntryQuietly(key); ok && !e.Replaces(present.Value.item) {
			return floor, otter.CancelOp
		}
		stored = true
		if e.Tombstone {
			return held[int64]{e.Version, ttl}, otter.WriteOp
		}
		c.values.Set(key, held[cache.Entry[V]]{e, ttl})
		return floor, otter.CancelOp
	})
	if stored && e.Tombstone {
		c.drop(key, e)
	}
	return stored, nil
}

// drop removes the value that the tombstone has replaced, but none that is newer.
func (c *Cache[V]) drop(key string, tombstone cache.Entry[V]) {
	c.values.ComputeIfPresent(key, func(v held[cache.Entry[V]]) (held[cache.Entry[V]], otter.ComputeOp) {
		if tombstone.Replaces(v.item) {
			return v, otter.InvalidateOp
		}
		return v, otter.CancelOp
	})
}

// Ping implements cache.Cache: memory can always be reached.
func (c *Cache[V]) Ping(context.Context) error { return nil }

func expiry[T any]() otter.ExpiryCalculator[string, held[T]] {
	return otter.ExpiryWritingFunc(func(e otter.Entry[string, held[T]]) time.Duration { return e.Value.ttl })
}

// clock gives otter the injected time. It never ticks: what is expired is cleared
// away by later writes.
type clock struct {
	now   func() time.Time
	start time.Time
}

func (c clock) NowNano() int64                      { return int64(c.now().Sub(c.start)) }
func (c clock) Tick(time.Duration) <-chan time.Time { return nil }
