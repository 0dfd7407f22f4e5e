package ca

import (
	"context"
	"time"
)

// How often a running authority looks at what it keeps: often enough for the life
// of its leaves, and for a clock that jumps.
const (
	looks      = 50 // In the life of a leaf.
	maxBetween = 30 * time.Second
)

// Run calls Once again and again until ctx ends, so that certificates are renewed
// at two thirds of their life, a little earlier at random, and what is damaged is
// made anew. A failure is logged, counted and tried again; until then the old
// certificate stays where it is. The error is that of ctx.
func (a *Authority) Run(ctx context.Context) error {
	between := min(a.o.Life/looks, maxBetween)
	wait := time.NewTimer(0)
	defer wait.Stop()
	for delay := between; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wait.C:
		}
		if err := a.Once(ctx); err == nil {
			delay = between
		} else if ctx.Err() == nil {
			delay = min(2*delay, maxBetween, a.o.Life/10)
			a.o.Metrics.failedPass()
			a.o.Log.Error("certificates could not be written; the old ones stay", "error", err, "again_in", delay.String())
		}
		wait.Reset(delay)
	}
}
