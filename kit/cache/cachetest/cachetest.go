// Package cachetest is the contract of cache.Cache as tests: every adapter runs it.
package cachetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/cache"
)

// Item is the value that the suite keeps in caches.
type Item struct {
	Name  string `json:"name"`
	Price int64  `json:"price"`
}

// Subject is an empty cache under test.
type Subject struct {
	Cache cache.Cache[Item]
	// Advance lets d pass for the cache: by its injected clock, or really.
	Advance func(d time.Duration)
}

const (
	key = "product:1"
	ttl = 500 * time.Millisecond // Short, for caches that know real time only.
	age = 600 * time.Millisecond // Longer than ttl.
)

// Run runs the suite over the caches that open makes, an empty one a call.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Run("steps", func(t *testing.T) { runSteps(t, open) })
	t.Run("keys are independent", func(t *testing.T) { keysAreIndependent(t, open(t)) })
	t.Run("versions only rise under concurrent writers", func(t *testing.T) { versionsOnlyRise(t, open(t)) })
	t.Run("a slow reader never brings an old value back", func(t *testing.T) { slowReader(t, open(t)) })
	t.Run("can be reached", func(t *testing.T) {
		if err := open(t).Cache.Ping(t.Context()); err != nil {
			t.Errorf("Ping = %v", err)
		}
	})
}

func value(version int64) cache.Entry[Item] {
	return cache.Entry[Item]{Value: Item{Name: "Điện thoại", Price: 100 * version}, Version: version}
}

func missing(version int64) cache.Entry[Item] {
	return cache.Entry[Item]{Version: version, Missing: true}
}

func tombstone(version int64) cache.Entry[Item] { return cache.Tombstone[Item](version) }

// put is one Put and whether it must store; pass, when set, is time going by.
type step struct {
	put    cache.Entry[Item]
	stored bool
	pass   time.Duration
}

func runSteps(t *testing.T, open func(t *testing.T) Subject) {
	tests := map[string]struct {
		steps []step
		want  cache.Entry[Item]
		found bool
	}{
		"nothing is there at first":              {nil, cache.Entry[Item]{}, false},
		"a value is found":                       {[]step{{put: value(1), stored: true}}, value(1), true},
		"a newer value replaces an older":        {[]step{{put: value(1), stored: true}, {put: value(2), stored: true}}, value(2), true},
		"an older value does not replace":        {[]step{{put: value(2), stored: true}, {put: value(1)}}, value(2), true},
		"an equal value does not replace":        {[]step{{put: value(2), stored: true}, {put: value(2)}}, value(2), true},
		"a value expires":                        {[]step{{put: value(2), stored: true}, {pass: age}}, cache.Entry[Item]{}, false},
		"an expired value yields to an older":    {[]step{{put: value(2), stored: true}, {pass: age}, {put: value(1), stored: true}}, value(1), true},
		"a tombstone hides an older value":       {[]step{{put: value(1), stored: true}, {put: tombstone(2), stored: true}}, tombstone(2), true},
		"a tombstone lies where nothing was":     {[]step{{put: tombstone(2), stored: true}}, tombstone(2), true},
		"a tombstone refuses an older value":     {[]step{{put: tombstone(2), stored: true}, {put: value(1)}}, tombstone(2), true},
		"a tombstone yields to its own version":  {[]step{{put: tombstone(2), stored: true}, {put: value(2), stored: true}}, value(2), true},
		"a tombstone yields to a newer value":    {[]step{{put: tombstone(2), stored: true}, {put: value(3), stored: true}}, value(3), true},
		"a tombstone yields to a newer one":      {[]step{{put: tombstone(2), stored: true}, {put: tombstone(3), stored: true}}, tombstone(3), true},
		"a tombstone refuses an older one":       {[]step{{put: tombstone(3), stored: true}, {put: tombstone(2)}}, tombstone(3), true},
		"a tombstone comes late":                 {[]step{{put: value(2), stored: true}, {put: tombstone(2)}}, value(2), true},
		"a tombstone comes very late":            {[]step{{put: value(3), stored: true}, {put: tombstone(2)}}, value(3), true},
		"a filled tombstone refuses an older":    {[]step{{put: tombstone(2), stored: true}, {put: value(2), stored: true}, {put: value(1)}}, value(2), true},
		"a tombstone expires":                    {[]step{{put: tombstone(2), stored: true}, {pass: age}}, cache.Entry[Item]{}, false},
		"an expired tombstone refuses nothing":   {[]step{{put: tombstone(2), stored: true}, {pass: age}, {put: value(1), stored: true}}, value(1), true},
		"that there is none is kept":             {[]step{{put: missing(0), stored: true}}, missing(0), true},
		"that there is none yields to a value":   {[]step{{put: missing(0), stored: true}, {put: value(1), stored: true}}, value(1), true},
		"that there is none yields to tombstone": {[]step{{put: missing(0), stored: true}, {put: tombstone(1), stored: true}}, tombstone(1), true},
		"that there is none is older than a row": {[]step{{put: value(1), stored: true}, {put: missing(0)}}, value(1), true},
		"that there was none before a creation":  {[]step{{put: tombstone(1), stored: true}, {put: missing(0)}}, tombstone(1), true},
		"that there is none after a deletion":    {[]step{{put: value(2), stored: true}, {put: tombstone(3), stored: true}, {put: missing(3), stored: true}}, missing(3), true},
		"that there is none expires":             {[]step{{put: missing(0), stored: true}, {pass: age}}, cache.Entry[Item]{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for i, step := range tt.steps {
				if step.pass > 0 {
					s.Advance(step.pass)
					continue
				}
				if stored, err := s.Cache.Put(t.Context(), key, step.put, ttl); err != nil || stored != step.stored {
					t.Fatalf("step %d: Put(%+v) = %t, %v; want %t", i+1, step.put, stored, err, step.stored)
				}
			}
			if got, found, err := s.Cache.Get(t.Context(), key); err != nil || found != tt.found || got != tt.want {
				t.Errorf("Get = %+v, %t, %v; want %+v, %t", got, found, err, tt.want, tt.found)
			}
		})
	}
}

func keysAreIndependent(t *testing.T, s Subject) {
	must(t, s.Cache, "product:1", value(5))
	must(t, s.Cache, "product:2", value(1))
	must(t, s.Cache, "product:1", tombstone(6))
	if got, found, err := s.Cache.Get(t.Context(), "product:2"); err != nil || !found || got != value(1) {
		t.Errorf("product:2 is %+v, %t, %v; want it untouched by product:1", got, found, err)
	}
}

// versionsOnlyRise has writers race with values and tombstones of all versions:
// no reader may see a version fall, and the highest wins.
func versionsOnlyRise(t *testing.T, s Subject) {
	const writers, versions = 8, 200
	var wg sync.WaitGroup
	var writing atomic.Int32
	writing.Store(writers)
	for w := range writers {
		wg.Go(func() {
			defer writing.Add(-1)
			for v := range int64(versions) {
				e := value(v + 1)
				if (int64(w)+v)%3 == 0 {
					e = tombstone(v + 1)
				}
				if _, err := s.Cache.Put(t.Context(), key, e, time.Minute); err != nil {
					t.Errorf("Put(%+v): %v", e, err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		var last cache.Entry[Item]
		for writing.Load() > 0 {
			e, found, err := s.Cache.Get(t.Context(), key)
			if err != nil || (!found && last.Version > 0) || e.Version < last.Version {
				t.Errorf("read %+v, %t, %v after %+v", e, found, err, last)
				return
			}
			if found && e.Version == last.Version && e.Tombstone && !last.Tombstone {
				t.Errorf("the tombstone of version %d replaced its value", e.Version)
				return
			}
			last = e
		}
	})
	wg.Wait()
	if got, _, err := s.Cache.Get(t.Context(), key); err != nil || got.Version != versions {
		t.Errorf("in the end version %d, %v; want %d", got.Version, err, versions)
	}
}

// slowReader lets readers who loaded a row before its update store it while the
// update invalidates it and another reader stores the new one.
func slowReader(t *testing.T, s Subject) {
	for round := range int64(300) {
		before, after := round*2+1, round*2+2
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { put(t, s.Cache, value(before)) })
		}
		wg.Go(func() {
			put(t, s.Cache, tombstone(after))
			if e, found, err := s.Cache.Get(t.Context(), key); err != nil || !found || e.Version < after {
				t.Errorf("after the invalidation a reader got %+v, %t, %v; want nothing older than %d", e, found, err, after)
			}
			if round%2 == 0 {
				put(t, s.Cache, value(after))
			}
		})
		wg.Wait()
		want := tombstone(after)
		if round%2 == 0 {
			want = value(after)
		}
		if got, found, err := s.Cache.Get(t.Context(), key); err != nil || !found || got != want {
			t.Fatalf("round %d left %+v, %t, %v; want %+v", round, got, found, err, want)
		}
	}
}

func must(t *testing.T, c cache.Cache[Item], key string, e cache.Entry[Item]) {
	t.Helper()
	if stored, err := c.Put(t.Context(), key, e, time.Minute); err != nil || !stored {
		t.Fatalf("Put(%s, %+v) = %t, %v", key, e, stored, err)
	}
}

func put(t *testing.T, c cache.Cache[Item], e cache.Entry[Item]) {
	if _, err := c.Put(context.WithoutCancel(t.Context()), key, e, time.Minute); err != nil {
		t.Errorf("Put(%+v): %v", e, err)
	}
}
