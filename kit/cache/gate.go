package cache

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Pending is the durable list of invalidations: the transaction of an update
// writes its key and new version there, so that the invalidation outlives a cache
// that is away and a process that dies. One row a key, the highest version, is
// enough.
type Pending interface {
	// Apply calls apply for each invalidation of the list and takes those off for
	// which it returned nil. It returns nil if none is left of those that were
	// committed when it was called.
	Apply(ctx context.Context, apply func(ctx context.Context, key string, version int64) error) error
}

// gate decides whether hits may be served: not while an invalidation is known
// that the cache has not taken. Without Pending it knows those of this process.
// With Pending it knows all of them, because it serves hits only for a short time
// after a look at the list, and because shut returns only after every other
// process has to look again.
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

	looking sync.Mutex // Held by the one that tries to open.
	nextTry time.Duration

	mu      sync.Mutex
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

// open reports whether a hit may be served. Now and then, when it was open for
// long enough or is shut, one caller has to find out.
func (g *gate) open(ctx context.Context) bool {
	until := g.openUntil.Load()
	if until == always {
		return true
	}
	now := g.now().Sub(g.epoch)
	if int64(now) < until {
		return true
	}
	if !g.looking.TryLock() {
		return false // Another is finding out; ask the source meanwhile.
	}
	defer g.looking.Unlock()
	if until == never && now < g.nextTry {
		return false
	}
	g.nextTry = now + g.every
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.timeout)
	defer cancel()
	if err := g.settle(look); err != nil {
		if until != never {
			g.openUntil.Store(never)
			g.log.WarnContext(ctx, "cache is bypassed: invalidations could not be applied", "cache", g.name, "error", err)
		}
		return false
	}
	return g.reopen(ctx, now, until == never)
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

// reopen opens the gate, unless an invalidation failed since the look at start.
func (g *gate) reopen(ctx context.Context, start time.Duration, wasShut bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.backlog) > 0 {
		return false
	}
	if g.pending == nil {
		g.openUntil.Store(always)
	} else {
		g.openUntil.Store(int64(start + g.every))
	}
	if wasShut {
		g.log.InfoContext(ctx, "cache serves hits again", "cache", g.name)
	}
	return true
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
