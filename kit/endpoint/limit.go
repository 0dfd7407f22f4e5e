package endpoint

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/go-kit/kit/ratelimit"
	"golang.org/x/time/rate"

	"shop/kit/errs"
)

// retryAfter is what a shed client is asked to wait. Long enough to matter,
// short enough that capacity which comes back is used.
const retryAfter = time.Second

// Limiter sheds what a service can't do in time: it answers at once with
// errs.ErrOverloaded and never queues. All endpoints of a service share one.
type Limiter struct {
	maxConcurrent int64
	inFlight      atomic.Int64
	rate          Middleware
	shed          error
}

// NewLimiter returns a Limiter that lets in at most maxConcurrent calls at a
// time (0 = any number) and perSecond calls a second with bursts of one second's
// worth (0 = any rate).
func NewLimiter(maxConcurrent int, perSecond float64) *Limiter {
	l := &Limiter{maxConcurrent: int64(maxConcurrent), shed: errs.ErrOverloaded.After(retryAfter)}
	if perSecond > 0 {
		burst := int(math.Max(1, math.Ceil(perSecond)))
		l.rate = ratelimit.NewErroringLimiter(rate.NewLimiter(rate.Limit(perSecond), burst))
	}
	return l
}

// InFlight returns how many calls are being served.
func (l *Limiter) InFlight() int64 { return l.inFlight.Load() }

// Middleware lets next be called as often as l allows.
func (l *Limiter) Middleware(next Endpoint) Endpoint {
	e := func(ctx context.Context, request any) (any, error) {
		defer l.inFlight.Add(-1)
		if n := l.inFlight.Add(1); l.maxConcurrent > 0 && n > l.maxConcurrent {
			return nil, l.shed
		}
		return next(ctx, request)
	}
	if l.rate == nil {
		return e
	}
	limited := l.rate(e)
	return func(ctx context.Context, request any) (any, error) {
		response, err := limited(ctx, request)
		if errors.Is(err, ratelimit.ErrLimited) {
			err = l.shed
		}
		return response, err
	}
}
