package cache_test

import (
	"context"
	"testing"
	"time"

	"shop/kit/cache"
	"shop/kit/cache/memory"
	"shop/kit/telemetry"
)

// product is a value of the usual size.
type product struct {
	ID, Price, Quantity, Version int64
	Name, Description            string
	CreatedAt, UpdatedAt         time.Time
}

func BenchmarkHit(b *testing.B) {
	for name, timeout := range map[string]time.Duration{"in process": 0, "remote": 50 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			c, err := memory.New[product](1000, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			a := cache.NewAside("product", c, telemetry.Nop(), cache.AsideOptions{Timeout: timeout})
			load := func(context.Context) (product, int64, error) { return product{ID: 1}, 1, nil }
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if p, err := a.Get(b.Context(), "product:1", load); err != nil || p.ID != 1 {
						b.Fatal(p, err)
					}
				}
			})
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	c, err := memory.New[product](1000, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	a := cache.NewAside("product", c, telemetry.Nop(), cache.AsideOptions{})
	version := int64(0)
	load := func(context.Context) (product, int64, error) { return product{ID: 1}, version, nil }
	b.ReportAllocs()
	for b.Loop() {
		version++
		if err := a.Invalidate(b.Context(), "product:1", version, "update"); err != nil {
			b.Fatal(err)
		}
		if _, err := a.Get(b.Context(), "product:1", load); err != nil {
			b.Fatal(err)
		}
	}
}
