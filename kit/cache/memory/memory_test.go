package memory_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/cache"
	"shop/kit/cache/cachetest"
	"shop/kit/cache/memory"
)

// clock is a time that tests move.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_700_000_000, c.now.Load()) }
func (c *clock) Advance(d time.Duration) { c.now.Add(int64(d)) }

func open[V any](t *testing.T, maxEntries int) (*memory.Cache[V], *clock) {
	t.Helper()
	var now clock
	c, err := memory.New[V](maxEntries, now.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c, &now
}

func TestCache(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cachetest.Subject {
		c, now := open[cachetest.Item](t, 100)
		return cachetest.Subject{Cache: c, Advance: now.Advance}
	})
}

func TestSizeIsBoundedAndTombstonesStay(t *testing.T) {
	c, _ := open[int](t, 100)
	ctx := t.Context()
	if _, err := c.Put(ctx, "updated", cache.Tombstone[int](2), time.Minute); err != nil {
		t.Fatal(err)
	}
	if stored, err := c.Put(ctx, "updated", cache.Entry[int]{Value: 1, Version: 2}, time.Minute); err != nil || !stored {
		t.Fatalf("the new value was not stored: %v", err)
	}
	const crowd = 10_000
	for i := range crowd {
		if _, err := c.Put(ctx, fmt.Sprintf("product:%d", i), cache.Entry[int]{Value: i, Version: 1}, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	// Old copies stay away whether or not the crowd pushed the new value out.
	if stored, err := c.Put(ctx, "updated", cache.Entry[int]{Value: 1, Version: 1}, time.Minute); err != nil || stored {
		t.Errorf("an old value came back: %t, %v", stored, err)
	}
	deadline := time.Now().Add(10 * time.Second) // Eviction runs beside the writers.
	for count(ctx, c, crowd) > 100 && time.Now().Before(deadline) {
	}
	if n := count(ctx, c, crowd); n > 100 || n == 0 {
		t.Errorf("%d of %d values are kept, want 1 to 100", n, crowd)
	}
}

func count(ctx context.Context, c cache.Cache[int], crowd int) (n int) {
	for i := range crowd {
		if _, found, err := c.Get(ctx, fmt.Sprintf("product:%d", i)); err == nil && found {
			n++
		}
	}
	return n
}

func TestSomeRoomIsNeeded(t *testing.T) {
	if _, err := memory.New[int](0, time.Now); err == nil {
		t.Error("New(0) succeeded, want an error")
	}
}

func BenchmarkGet(b *testing.B) {
	c, err := memory.New[cachetest.Item](1000, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	if _, err := c.Put(ctx, "product:1", cache.Entry[cachetest.Item]{Version: 1}, time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := c.Get(ctx, "product:1"); err != nil || !found {
			b.Fatal(found, err)
		}
	}
}
