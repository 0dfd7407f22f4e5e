package cache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/cache"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// remote are the options of a cache across a network.
func remote() cache.AsideOptions {
	o := options()
	o.Timeout = 50 * time.Millisecond
	return o
}

// A cache that is down or hangs fails no read; after a few timeouts it costs
// nothing, and when it is back it is used again by itself.
func TestADeadCacheCostsNothingNoticeable(t *testing.T) {
	for _, kind := range []string{"down", "hanging"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tel := testkit.Telemetry(t)
				c := newFlaky(t)
				c.down.Store(kind == "down")
				c.hanging.Store(kind == "hanging")
				a := cache.NewAside("product", c, tel.Telemetry, remote())
				var s source
				s.version.Store(1)
				start := time.Now()
				const reads = 1000
				for i := range int32(reads) {
					read(t, a, &s, "v1", i+1)
				}
				if took := time.Since(start); took > 5*50*time.Millisecond {
					t.Errorf("%d reads took %s, want 5 timeouts of 50 ms at most", reads, took)
				}
				if failed := tel.Value("test_cache_requests_total", "result", "error"); failed != 5 {
					t.Errorf("%v lookups failed, want 5", failed)
				}
				if bypassed := tel.Value("test_cache_requests_total", "result", "bypass"); bypassed != reads-5 {
					t.Errorf("%v lookups went past the cache, want %d", bypassed, reads-5)
				}
				c.down.Store(false)
				c.hanging.Store(false)
				<-time.After(1100 * time.Millisecond)
				read(t, a, &s, "v1", reads+1)
				read(t, a, &s, "v1", reads+1)
			})
		})
	}
}

// Callers that give up early say nothing about the cache.
func TestImpatientCallersDoNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFlaky(t)
		a := cache.NewAside("product", c, telemetry.Nop(), remote())
		var s source
		s.version.Store(1)
		read(t, a, &s, "v1", 1)
		c.hanging.Store(true)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := a.Get(ctx, "product:1", s.load); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Get = %v, want the caller's deadline", err)
			}
			cancel()
		}
		c.hanging.Store(false)
		synctest.Wait()
		read(t, a, &s, "v1", 1)
	})
}

// An update that the cache did not hear of is never followed by the old value,
// also when the cache is back with the old value in it.
func TestAMissedInvalidationIsAppliedBeforeHitsAreServed(t *testing.T) {
	for name, o := range map[string]cache.AsideOptions{"in process": options(), "remote": remote()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFlaky(t)
				a := cache.NewAside("product", c, telemetry.Nop(), o)
				var s source
				s.version.Store(1)
				read(t, a, &s, "v1", 1)
				c.down.Store(true)
				s.version.Store(2)
				if err := a.Invalidate(t.Context(), "product:1", 2, "update"); errs.KindOf(err) != errs.Unavailable {
					t.Fatalf("Invalidate = %v, want it unavailable", err)
				}
				read(t, a, &s, "v2", 2)
				c.down.Store(false) // Version 1 still lies in it.
				for range 500 {
					if v, err := a.Get(t.Context(), "product:1", s.load); err != nil || v != "v2" {
						t.Fatalf("Get = %q, %v; want v2", v, err)
					}
					<-time.After(10 * time.Millisecond)
				}
				loads := s.loads.Load()
				if loads > 150 {
					t.Errorf("%d of 500 reads went to the source, want hits again within a second or so", loads)
				}
				read(t, a, &s, "v2", loads)
			})
		})
	}
}

// table is the durable list of invalidations, as a database holds it.
type table struct {
	mu   sync.Mutex
	rows map[string]int64
	down bool
}

func (p *table) add(key string, version int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows[key] = max(version, p.rows[key])
}

func (p *table) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.rows)
}

func (p *table) Apply(ctx context.Context, apply func(context.Context, string, int64) error) error {
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		return errDown
	}
	rows := map[string]int64{}
	for key, version := range p.rows {
		rows[key] = version
	}
	p.mu.Unlock()
	for key, version := range rows {
		if err := apply(ctx, key, version); err != nil {
			return err
		}
		p.mu.Lock()
		if p.rows[key] == version {
			delete(p.rows, key)
		}
		p.mu.Unlock()
	}
	return nil
}

// Two processes share a cache and a database. One can't reach the cache when it
// updates the row; the other, which can, must not serve the old value either
// once the update has been answered, also when the first process then dies.
func TestAMissedInvalidationHoldsInEveryProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newFlaky(t)
		pending := &table{rows: map[string]int64{}}
		var s source
		s.version.Store(1)
		process := func() (*cache.Aside[string], *flaky) {
			link := &flaky{Cache: shared}
			o := remote()
			o.Pending = pending
			return cache.NewAside("product", link, telemetry.Nop(), o), link
		}
		first, link := process()
		second, _ := process()
		read(t, first, &s, "v1", 1)
		read(t, second, &s, "v1", 1)
		for version := int64(2); version < 10; version++ {
			<-time.After(time.Duration(version) * 37 * time.Millisecond) // At any phase of the second's looks.
			read(t, second, &s, s.value(), s.loads.Load())               // It serves hits.
			link.down.Store(true)
			s.version.Store(version)
			pending.add("product:1", version)
			if err := first.Invalidate(t.Context(), "product:1", version, "update"); err == nil {
				t.Fatal("Invalidate succeeded over a dead link")
			}
			// Now the update is answered.
			if v, err := second.Get(t.Context(), "product:1", s.load); err != nil || v != s.value() {
				t.Fatalf("the other process serves %q, %v after the update to %q", v, err, s.value())
			}
			if v, err := second.Get(t.Context(), "product:1", s.load); err != nil || v != s.value() {
				t.Fatalf("the other process serves %q, %v after the update to %q", v, err, s.value())
			}
		}
		if n := pending.len(); n != 0 {
			t.Errorf("%d invalidations are still pending, want the other process to have applied them", n)
		}
	})
}

// While nobody can read the list of invalidations, no hit is served.
func TestNoHitsWhileThePendingListIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := testkit.Telemetry(t)
		pending := &table{rows: map[string]int64{}, down: true}
		o := remote()
		o.Pending = pending
		a := cache.NewAside("product", newFlaky(t), tel.Telemetry, o)
		var s source
		s.version.Store(1)
		for i := range int32(3) {
			read(t, a, &s, "v1", i+1)
			<-time.After(time.Second)
		}
		if n := len(tel.Logs("cache is bypassed")); n != 1 {
			t.Errorf("the bypass was logged %d times, want once", n)
		}
		pending.down = false
		<-time.After(time.Second)
		read(t, a, &s, "v1", 4)
		read(t, a, &s, "v1", 4)
		if n := len(tel.Logs("cache serves hits again")); n != 1 {
			t.Errorf("the end of the bypass was logged %d times, want once", n)
		}
	})
}
