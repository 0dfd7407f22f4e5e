package cache

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Pending is the durable list of invalidations: the transaction of an update
// writes its key and new version there, so that the invalidation outlives a cache
// that is away and a process that dies. One row a key, the highest version, is
// enough.
type Pending interface {
	// Apply calls apply for each invalidation of the list that is not known to have
	// been taken, and takes those off, now or later, for which it returned nil. It
	// returns nil if none is left of those that were committed when it was called.
	Apply(ctx context.Context, apply func(ctx context.Context, key string, version int64) error) error
}

// gate decides whether hits may be served: not while an invalidation is known
// that the cache has not taken. Without Pending it knows those of this process.
// With Pending it knows all of them, because it serves hits only for a short time
// after a look at the list, and because shut returns only after every other
// process has to look again.
//
// While readers come, looks are taken beside them, before the last one is too old;
// when none come, nobody looks.
type gate struct {
	name    string
	log     *slog.Logger
	now     func() time.Time
	every   time.Duration
	timeout time.Duration // Of one look.
	pending Pending
	apply   func(ctx context.Context, key string, version int64) error

	epoch     time.Time
	openUntil atomic.Int64 // Since epoch; always, ever or never.

	mu      sync.Mutex
	looking chan struct{}    // Closed when the look that is being taken is over; nil: none is.
	nextTry time.Duration    // While shut.
	backlog map[string]int64 // By key: the version whose tombstone is missing.
}

const (
	always = math.MaxInt64
	never  = math.MinInt64
)

func (g *gate) init() {
	g.epoch = g.now()
	g.backlog = map[string]int64{}
	if g.pending == nil {
		g.openUntil.Store(always)
	}
}

// open reports whether the caller may be served a hit. What counts is when it came:
// it need not see what is changed after that, however long it waits for a look.
func (g *gate) open(ctx context.Context) bool {
	until := g.openUntil.Load()
	if until == always {
		return true
	}
	now := g.since()
	if until == never {
		return g.retry(ctx, now) && g.isOpen(now)
	}
	if left := until - int64(now); left > 0 {
		if left < int64(g.every/2) {
			g.look(ctx)
		}
		return true
	}
	select { // Nobody came for a while.
	case <-g.look(ctx):
		return g.isOpen(now)
	case <-ctx.Done():
		return false
	}
}

func (g *gate) since() time.Duration { return g.now().Sub(g.epoch) }

func (g *gate) isOpen(at time.Duration) bool { return int64(at) < g.openUntil.Load() }

// retry lets one caller now and then wait for another look, while the others ask
// the source. It reports whether there was one.
func (g *gate) retry(ctx context.Context, now time.Duration) bool {
	g.mu.Lock()
	if g.looking != nil || now < g.nextTry {
		g.mu.Unlock()
		return false
	}
	looked := g.start(ctx)
	g.mu.Unlock()
	select {
	case <-looked:
		return true
	case <-ctx.Done():
		return false
	}
}

// look takes a look beside the caller, unless one is being taken. The channel is
// closed when it is over.
func (g *gate) look(ctx context.Context) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.looking != nil {
		return g.looking
	}
	return g.start(ctx)
}

// start begins a look; mu is held. It outlives the caller and is no part of its
// trace.
func (g *gate) start(ctx context.Context) <-chan struct{} {
	begun := g.since()
	over := make(chan struct{})
	g.looking, g.nextTry = over, begun+g.every
	ctx = trace.ContextWithSpanContext(context.WithoutCancel(ctx), trace.SpanContext{})
	go func() {
		ctx, cancel := context.WithTimeout(ctx, g.timeout)
		defer cancel()
		g.conclude(ctx, begun, g.settle(ctx))
		g.mu.Lock()
		g.looking = nil
		g.mu.Unlock()
		close(over)
	}()
	return over
}

// conclude opens or shuts the gate after the look that was begun then.
func (g *gate) conclude(ctx context.Context, begun time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.openUntil.Load()
	switch {
	case err != nil:
		g.openUntil.Store(never)
		if was != never {
			g.log.WarnContext(ctx, "cache is bypassed: invalidations could not be applied", "cache", g.name, "error", err)
		}
		return
	case len(g.backlog) > 0: // An invalidation has failed since.
		return
	case g.pending == nil:
		g.openUntil.Store(always)
	default:
		g.openUntil.Store(int64(begun + g.every))
	}
	if was == never {
		g.log.InfoContext(ctx, "cache serves hits again", "cache", g.name)
	}
}

// settle applies what is missing.
func (g *gate) settle(ctx context.Context) error {
	g.mu.Lock()
	missing := make(map[string]int64, len(g.backlog))
	for key, version := range g.backlog {
		missing[key] = version
	}
	g.mu.Unlock()
	for key, version := range missing {
		if err := g.apply(ctx, key, version); err != nil {
			return err
		}
		g.mu.Lock()
		if g.backlog[key] == version {
			delete(g.backlog, key)
		}
		g.mu.Unlock()
	}
	if g.pending == nil {
		return nil
	}
	return g.pending.Apply(ctx, g.apply)
}

// shut records that the cache has not taken an invalidation. With Pending it
// returns when no process serves hits from before.
func (g *gate) shut(ctx context.Context, key string, version int64, why error) {
	g.mu.Lock()
	g.backlog[key] = max(version, g.backlog[key])
	wasOpen := g.openUntil.Swap(never) != never
	g.mu.Unlock()
	if wasOpen {
		g.log.WarnContext(ctx, "cache is bypassed: an invalidation could not be written", "cache", g.name, "error", why)
	}
	if g.pending != nil {
		wait := time.NewTimer(g.every)
		defer wait.Stop()
		<-wait.C
	}
}
