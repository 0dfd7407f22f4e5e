package web

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Check is one dependency of a service.
type Check struct {
	Name     string // Its key in /health.
	Critical bool   // Without it no request can be served: /readyz is 503 while it is down, /health unhealthy.
	// Probe reports whether the dependency answers. It must end soon after ctx
	// does. details are shown to clients beside the status: names, never a text
	// of an error.
	Probe func(ctx context.Context) (details map[string]any, err error)
}

// probeTimeout is how long a dependency may take to answer a probe.
const probeTimeout = time.Second

// probes runs checks, each at most once at a time however many ask.
type probes struct {
	checks []Check
	down   []atomic.Bool // By check: what was logged last.
	flight singleflight.Group
	log    *slog.Logger
}

func newProbes(checks []Check, log *slog.Logger) *probes {
	return &probes{checks: checks, down: make([]atomic.Bool, len(checks)), log: log}
}

// result is the outcome of one check.
type result struct {
	Check
	details map[string]any
	up      bool
}

// run returns the results of the checks that want takes, in order, after
// probeTimeout at most.
func (p *probes) run(ctx context.Context, want func(Check) bool) []result {
	var chosen []int
	for i, check := range p.checks {
		if want(check) {
			chosen = append(chosen, i)
		}
	}
	results := make([]result, len(chosen))
	var all sync.WaitGroup
	for slot, i := range chosen {
		all.Go(func() { results[slot] = p.probe(ctx, i) })
	}
	all.Wait()
	return results
}

// probe runs check i, or waits for the run that is under way. A probe that does
// not end is given up; the next one waits for it, so hung ones don't pile up.
func (p *probes) probe(ctx context.Context, i int) result {
	check := p.checks[i]
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	answer := p.flight.DoChan(check.Name, func() (details any, err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
		defer cancel()
		defer func() {
			if broken := recover(); broken != nil {
				err = fmt.Errorf("panic: %v", broken)
			}
		}()
		return check.Probe(ctx)
	})
	r := result{Check: check}
	var err error
	select {
	case a := <-answer:
		r.details, _ = a.Val.(map[string]any)
		err = a.Err
	case <-ctx.Done():
		err = fmt.Errorf("no answer within %v: %w", probeTimeout, ctx.Err())
	}
	r.up = err == nil
	switch was := p.down[i].Swap(!r.up); {
	case err != nil && !was:
		p.log.WarnContext(ctx, "dependency is down", "check", check.Name, "critical", check.Critical, "error", err)
	case err == nil && was:
		p.log.InfoContext(ctx, "dependency is up again", "check", check.Name)
	}
	return r
}
