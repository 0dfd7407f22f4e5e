package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"

	"shop/kit/telemetry"
)

// errBroken says that the cache was not even asked.
var errBroken = errors.New("the cache is left alone after failures")

// failures in a row open the breaker.
const tripAfter = 5

// guard runs operations of a cache: timed, and for a cache across the network
// within a deadline and behind a breaker.
type guard struct {
	name    string
	timeout time.Duration
	now     func() time.Time
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}] // Nil without timeout.
	metrics metrics
}

func newGuard(name string, o AsideOptions, tel *telemetry.Telemetry, m metrics) guard {
	g := guard{name: name, timeout: o.Timeout, now: o.Now, metrics: m}
	if o.Timeout > 0 {
		g.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Name:        name,
			Timeout:     o.BreakFor,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
			// A caller that went away says nothing about the cache.
			IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
			OnStateChange: func(name string, from, to gobreaker.State) {
				tel.Log.Warn("cache breaker", "cache", name, "from", from.String(), "to", to.String())
			},
		})
	}
	return g
}

// do runs f, one operation of kind o. The error is errBroken when f was not run.
func (g *guard) do(ctx context.Context, o op, f func(context.Context) error) error {
	if g.breaker == nil {
		start := g.now()
		err := f(ctx)
		g.metrics.durations[o].Observe(g.now().Sub(start).Seconds())
		return err
	}
	done, err := g.breaker.Allow()
	if err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	start := g.now()
	bounded, cancel := context.WithTimeout(ctx, g.timeout)
	err = f(bounded)
	cancel()
	g.metrics.durations[o].Observe(g.now().Sub(start).Seconds())
	if err != nil && ctx.Err() != nil {
		done(context.Canceled) // Whatever ended the caller's context, a deadline too.
		return ctx.Err()
	}
	done(err)
	return err
}
