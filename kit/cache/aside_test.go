package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/cache"
	"shop/kit/cache/memory"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

var errGone = errs.New(errs.NotFound, "product_not_found")

// source is the truth behind a cache: one row, which tests update.
type source struct {
	version atomic.Int64 // 0: there is no row.
	loads   atomic.Int32
}

func (s *source) load(context.Context) (string, int64, error) {
	s.loads.Add(1)
	v := s.version.Load()
	if v == 0 {
		return "", 0, errGone
	}
	return s.value(), v, nil
}

func (s *source) value() string { return fmt.Sprint("v", s.version.Load()) }

// flaky is a cache that can be switched off, or left hanging.
type flaky struct {
	cache.Cache[string]
	down, hanging atomic.Bool
	asked         atomic.Int32
}

var errDown = errs.ErrUnavailable.Wrap(errors.New("connection refused"))

func (f *flaky) fail(ctx context.Context) error {
	f.asked.Add(1)
	if f.hanging.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if f.down.Load() {
		return errDown
	}
	return nil
}

func (f *flaky) Get(ctx context.Context, key string) (cache.Entry[string], bool, error) {
	if err := f.fail(ctx); err != nil {
		return cache.Entry[string]{}, false, err
	}
	return f.Cache.Get(ctx, key)
}

func (f *flaky) Put(ctx context.Context, key string, e cache.Entry[string], ttl time.Duration) (bool, error) {
	if err := f.fail(ctx); err != nil {
		return false, err
	}
	return f.Cache.Put(ctx, key, e, ttl)
}

func newFlaky(t *testing.T) *flaky {
	t.Helper()
	c, err := memory.New[string](100, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &flaky{Cache: c}
}

func options() cache.AsideOptions {
	return cache.AsideOptions{
		Missing: func(string) error { return errGone },
		Reasons: []string{"update", "delete"},
	}
}

// read reads key through a and wants the value and the number of loads so far.
func read(t *testing.T, a *cache.Aside[string], s *source, want string, loads int32) {
	t.Helper()
	got, err := a.Get(t.Context(), "product:1", s.load)
	if want == "" {
		if !errors.Is(err, errGone) {
			t.Errorf("Get = %q, %v; want %v", got, err, errGone)
		}
	} else if err != nil || got != want {
		t.Errorf("Get = %q, %v; want %q", got, err, want)
	}
	if n := s.loads.Load(); n != loads {
		t.Errorf("%d loads after reading %q, want %d", n, got, loads)
	}
}

func TestGetReadsThroughAndInvalidateMakesItReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := testkit.Telemetry(t)
		var s source
		s.version.Store(1)
		a := cache.NewAside("product", newFlaky(t), tel.Telemetry, options())
		read(t, a, &s, "v1", 1)
		read(t, a, &s, "v1", 1)
		s.version.Store(2)
		if err := a.Invalidate(t.Context(), "product:1", 2, "update"); err != nil {
			t.Fatal(err)
		}
		read(t, a, &s, "v2", 2)
		read(t, a, &s, "v2", 2)
		s.version.Store(0)
		if err := a.Invalidate(t.Context(), "product:1", 3, "delete"); err != nil {
			t.Fatal(err)
		}
		read(t, a, &s, "", 3)
		read(t, a, &s, "", 3) // A negative entry, although a tombstone lies there.
		for result, want := range map[string]float64{"hit": 3, "miss": 3, "error": 0, "bypass": 0} {
			if got := tel.Value("test_cache_requests_total", "cache", "product", "result", result); got != want {
				t.Errorf("%v lookups were a %s, want %v", got, result, want)
			}
		}
		for _, reason := range options().Reasons {
			if got := tel.Value("test_cache_invalidations_total", "reason", reason); got != 1 {
				t.Errorf("%v invalidations by %s, want 1", got, reason)
			}
		}
	})
}

func TestEntriesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		a := cache.NewAside("product", newFlaky(t), telemetry.Nop(), options())
		read(t, a, &s, "", 1)
		s.version.Store(1) // Created, and nobody told the cache.
		<-time.After(4 * time.Second)
		read(t, a, &s, "", 1)
		<-time.After(2 * time.Second)
		read(t, a, &s, "v1", 2)
		<-time.After(269 * time.Second)
		read(t, a, &s, "v1", 2)
		<-time.After(62 * time.Second)
		read(t, a, &s, "v1", 3)
	})
}

func TestTTLsAreJittered(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 270 * time.Second, .5: 300 * time.Second, .9999999: 330 * time.Second} {
		c := &recording{flaky: newFlaky(t)}
		o := options()
		o.Rand = func() float64 { return random }
		var s source
		s.version.Store(1)
		a := cache.NewAside("product", c, telemetry.Nop(), o)
		read(t, a, &s, "v1", 1)
		if off := (c.ttl - want).Abs(); off > time.Millisecond {
			t.Errorf("random %v gives a TTL of %s, want %s", random, c.ttl, want)
		}
	}
}

type recording struct {
	*flaky
	ttl time.Duration
}

func (r *recording) Put(ctx context.Context, key string, e cache.Entry[string], ttl time.Duration) (bool, error) {
	r.ttl = ttl
	return r.flaky.Put(ctx, key, e, ttl)
}

func TestErrorsOfTheSourceAreNotKept(t *testing.T) {
	broken := errors.New("disk on fire")
	a := cache.NewAside("product", newFlaky(t), telemetry.Nop(), options())
	var s source
	s.version.Store(1)
	if _, err := a.Get(t.Context(), "product:1", func(context.Context) (string, int64, error) { return "", 0, broken }); !errors.Is(err, broken) {
		t.Errorf("Get = %v, want the source's error", err)
	}
	read(t, a, &s, "v1", 1)
}

func TestWithoutAnErrorForItNothingMissingIsKept(t *testing.T) {
	o := options()
	o.Missing = nil
	a := cache.NewAside("product", newFlaky(t), telemetry.Nop(), o)
	var s source
	read(t, a, &s, "", 1)
	read(t, a, &s, "", 2)
}

func TestCacheDecisionsAreEventsOfTheSpan(t *testing.T) {
	tel := testkit.Telemetry(t)
	a := cache.NewAside("product", newFlaky(t), tel.Telemetry, options())
	var s source
	s.version.Store(1)
	for range 2 {
		ctx, span := tel.Tracer.Start(t.Context(), "read")
		if _, err := a.Get(ctx, "product:1", s.load); err != nil {
			t.Error(err)
		}
		span.End()
	}
	for i, want := range []string{"cache.miss", "cache.hit"} {
		events := tel.Spans("read")[i].Events()
		if len(events) != 1 || events[0].Name != want {
			t.Errorf("read %d has the events %v, want %s", i+1, events, want)
		}
	}
}
