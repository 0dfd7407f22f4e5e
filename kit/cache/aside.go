package cache

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"shop/kit/errs"
	"shop/kit/flight"
	"shop/kit/telemetry"
)

// AsideOptions are how long an Aside keeps and waits. A zero field has the
// default that stands beside it.
type AsideOptions struct {
	TTL          time.Duration // Of a value: 300 s.
	Jitter       float64       // The fraction by which a TTL varies, so that entries don't expire together: 0.1; negative for none.
	NegativeTTL  time.Duration // Of the fact that there is no value: 5 s.
	TombstoneTTL time.Duration // Of an invalidation's mark: 30 s. A load that took longer than half of it is not stored.
	LoadTimeout  time.Duration // Of one load, which several callers may share: 10 s.

	// Timeout bounds one operation of the cache; a breaker follows from it, so that
	// a dead cache costs a few timeouts and then nothing. 0 is for a cache inside
	// of the process: neither deadline nor breaker.
	Timeout time.Duration
	// BreakFor is how long the breaker leaves a dead cache alone: 1 s.
	BreakFor time.Duration

	// Missing returns what a load of key fails with when there is no such thing, an
	// error of kind NotFound; a negative entry answers with it. Nil: no negative
	// entries.
	Missing func(key string) error

	// Pending is the durable list of invalidations; see there. Nil: an invalidation
	// that fails is remembered in this process alone.
	Pending Pending
	// PendingEvery is for how long one look at Pending lets hits be served: 200 ms.
	PendingEvery time.Duration

	// Reasons are those that Invalidate will be given, so that their metrics start
	// at zero.
	Reasons []string

	Now  func() time.Time // time.Now
	Rand func() float64   // In [0, 1): rand.Float64.
}

func (o AsideOptions) withDefaults() AsideOptions {
	o.TTL = cmp.Or(o.TTL, 300*time.Second)
	o.Jitter = cmp.Or(o.Jitter, 0.1)
	o.NegativeTTL = cmp.Or(o.NegativeTTL, 5*time.Second)
	o.TombstoneTTL = cmp.Or(o.TombstoneTTL, 30*time.Second)
	o.LoadTimeout = cmp.Or(o.LoadTimeout, 10*time.Second)
	o.BreakFor = cmp.Or(o.BreakFor, time.Second)
	o.PendingEvery = cmp.Or(o.PendingEvery, 200*time.Millisecond)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o
}

// Aside reads through a cache that stands beside the source of truth. Get serves
// hits and loads misses, once for all who ask at the same time; Invalidate, after
// an update was committed, makes sure that the old value is not served again.
// Safe for concurrent use.
type Aside[V any] struct {
	cache   Cache[V]
	o       AsideOptions
	flights flight.Group[loaded[V]]
	fills   atomic.Uint64 // How many answers of loads were stored.
	guard   guard
	gate    gate
	metrics metrics
}

// loaded is a value as the source had it.
type loaded[V any] struct {
	value   V
	version int64
}

// NewAside returns an Aside over c. name is the value of the metrics' label cache
// ("product"); the metrics are named after tel.Service.
func NewAside[V any](name string, c Cache[V], tel *telemetry.Telemetry, o AsideOptions) *Aside[V] {
	o = o.withDefaults()
	a := &Aside[V]{cache: c, o: o, metrics: newMetrics(name, tel, o.Reasons)}
	a.guard = newGuard(name, o, tel, a.metrics)
	a.gate = gate{name: name, log: tel.Log, now: o.Now, every: o.PendingEvery, timeout: o.LoadTimeout, pending: o.Pending, apply: a.bury}
	a.gate.init()
	return a
}

// Get returns the value of key: from the cache, or by load, which returns it with
// its version, 1 or more. Callers that miss at the same time share one load, which
// a caller's cancelled context does not disturb. load's errors are passed on; one
// of kind NotFound is remembered for NegativeTTL (see AsideOptions.Missing).
// Failures of the cache are never the caller's: then the value is loaded.
func (a *Aside[V]) Get(ctx context.Context, key string, load func(context.Context) (value V, version int64, err error)) (V, error) {
	if !a.gate.open(ctx) {
		a.metrics.lookup(ctx, bypass)
		return a.load(ctx, key, load)
	}
	fills := a.fills.Load()
	e, found, err := a.ask(ctx, key)
	switch {
	case errors.Is(err, errBroken):
		a.metrics.lookup(ctx, bypass)
		return a.load(ctx, key, load)
	case ctx.Err() != nil:
		return e.Value, ctx.Err()
	case err != nil:
		a.metrics.lookup(ctx, failure)
		return a.load(ctx, key, load)
	case !found || e.Tombstone:
		a.metrics.lookup(ctx, miss)
		return a.fill(ctx, key, e.Version, fills, load)
	case !a.answers(e): // Another process stores negative entries, this one can't name them.
		a.metrics.lookup(ctx, miss)
		return a.load(ctx, key, load)
	default:
		a.metrics.lookup(ctx, hit)
		l, err := a.kept(key, e)
		return l.value, err
	}
}

// ask asks the cache.
func (a *Aside[V]) ask(ctx context.Context, key string) (e Entry[V], found bool, err error) {
	err = a.guard.do(ctx, get, func(ctx context.Context) (err error) {
		e, found, err = a.cache.Get(ctx, key)
		return err
	})
	return e, found, err
}

// Invalidate makes readers of key ask the source again, wherever they are. Call it
// after the commit of an update with the row's new version, after a deletion with
// one more than the last version, after a creation with the first version. reason
// is one of AsideOptions.Reasons.
//
// The error, of kind Unavailable, says that the cache did not take it. It needs no
// handling, for no hit is served until it has been taken, here or (with Pending)
// anywhere; but the caller must then leave the row of Pending where it is.
func (a *Aside[V]) Invalidate(ctx context.Context, key string, version int64, reason string) error {
	a.metrics.invalidations.WithLabelValues(reason).Inc()
	a.flights.Forget(key) // Who comes from now on must not get what is being loaded.
	ctx = context.WithoutCancel(ctx)
	err := a.bury(ctx, key, version)
	if err == nil {
		return nil
	}
	a.gate.shut(ctx, key, version, err)
	return errs.ErrUnavailable.Wrap(err)
}

// bury puts a tombstone under key.
func (a *Aside[V]) bury(ctx context.Context, key string, version int64) error {
	return a.guard.do(ctx, del, func(ctx context.Context) error {
		_, err := a.cache.Put(ctx, key, Tombstone[V](version), a.o.TombstoneTTL)
		return err
	})
}

// load asks the source, together with others who do, and leaves the cache alone.
func (a *Aside[V]) load(ctx context.Context, key string, load func(context.Context) (V, int64, error)) (V, error) {
	l, err := a.share(ctx, key, func(ctx context.Context) (l loaded[V], err error) {
		l.value, l.version, err = load(ctx)
		return l, err
	})
	return l.value, err
}

// fill asks the source, together with others who do, and stores the answer.
// Callers who saw a tombstone (its version is seen) fly apart from those who did
// not: a load that began before the update must not answer those who came after.
//
// fills is their number when the caller asked the cache. If there were some since,
// one of them may have been for this key, so the cache is asked once more: of all
// who find a key cold at the same time, only the first asks the source.
func (a *Aside[V]) fill(ctx context.Context, key string, seen int64, fills uint64, load func(context.Context) (V, int64, error)) (V, error) {
	name := key
	if seen > 0 {
		name = key + "@" + strconv.FormatInt(seen, 10)
	}
	l, err := a.share(ctx, name, func(ctx context.Context) (l loaded[V], err error) {
		if a.fills.Load() != fills {
			if e, found, err := a.ask(ctx, key); err == nil && found && a.answers(e) {
				return a.kept(key, e)
			}
		}
		start := a.o.Now()
		l.value, l.version, err = load(ctx)
		if a.o.Now().Sub(start) < a.o.TombstoneTTL/2 {
			a.store(ctx, key, seen, l, err)
		}
		return l, err
	})
	return l.value, err
}

// answers reports whether a caller can be answered with e.
func (a *Aside[V]) answers(e Entry[V]) bool {
	return !e.Tombstone && (!e.Missing || a.o.Missing != nil)
}

// kept is what the load returned whose answer e is.
func (a *Aside[V]) kept(key string, e Entry[V]) (loaded[V], error) {
	if e.Missing {
		return loaded[V]{}, a.o.Missing(key)
	}
	return loaded[V]{e.Value, e.Version}, nil
}

func (a *Aside[V]) share(ctx context.Context, name string, f func(context.Context) (loaded[V], error)) (loaded[V], error) {
	l, shared, err := a.flights.Do(ctx, name, a.o.LoadTimeout, f)
	if shared {
		a.metrics.shared.Inc()
	}
	return l, err
}

// store keeps what a load returned. That it could not be kept is counted and
// otherwise nobody's business.
func (a *Aside[V]) store(ctx context.Context, key string, seen int64, l loaded[V], err error) {
	e, ttl := Entry[V]{Value: l.value, Version: l.version}, a.o.TTL
	switch {
	case err == nil:
	case a.o.Missing != nil && errs.KindOf(err) == errs.NotFound:
		// As new as the tombstone that was seen: the source was asked after it.
		e, ttl = Entry[V]{Version: seen, Missing: true}, a.o.NegativeTTL
	default:
		return
	}
	if err := a.guard.do(ctx, set, func(ctx context.Context) error {
		_, err := a.cache.Put(ctx, key, e, a.jittered(ttl))
		return err
	}); err != nil {
		note(ctx, "cache.fill_failed", a.guard.name)
		return
	}
	a.fills.Add(1)
}

// jittered returns ttl, more or less.
func (a *Aside[V]) jittered(ttl time.Duration) time.Duration {
	j := math.Max(a.o.Jitter, 0)
	return time.Duration(float64(ttl) * (1 + j*(2*a.o.Rand()-1)))
}
