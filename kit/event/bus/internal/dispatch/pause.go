package dispatch

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pause is what a dependency that is away makes of a consumer: it stops claiming
// for a while that grows from 100 ms to 10 s, then tries one message at a time
// until one succeeds.
type pause struct {
	backoff backoff.BackOff
	until   time.Time
	trying  bool
	era     int // Counts pauses, so that what began before one can't end it or prolong it.
}

func newPause() pause { return pause{backoff: growing(100*time.Millisecond, 10*time.Second)} }

func growing(from, to time.Duration) backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = from, to, 2, .2
	b.Reset()
	return b
}

// limit is how many messages may be in flight.
func (p *pause) limit(now time.Time, prefetch int) int {
	switch {
	case now.Before(p.until):
		return 0
	case p.trying:
		return 1
	default:
		return prefetch
	}
}

// failed notes that a message which began in era found a dependency away, and
// returns when it is due again: a little after the pause, so that others are
// tried first. One message that alone meets a broken dependency holds up the
// queue for moments and not for good.
func (p *pause) failed(era int, now time.Time) time.Time {
	if era == p.era {
		d := p.backoff.NextBackOff()
		p.until, p.trying = now.Add(d), true
		p.era++
		return p.until.Add(d / 4)
	}
	return p.until
}

// succeeded notes that a message which began in era found all it needs.
func (p *pause) succeeded(era int) {
	if era == p.era {
		p.trying = false
		p.backoff.Reset()
	}
}

// outage is a store that fails: it is left alone for 50 ms, then longer, to 1 s.
type outage struct {
	backoff backoff.BackOff
	until   time.Time
	err     error
}

func newOutage() outage { return outage{backoff: growing(50*time.Millisecond, time.Second)} }

// over reports whether the store may be asked.
func (o *outage) over(now time.Time) bool { return !now.Before(o.until) }

// note records how the store answered and reports whether that is news.
func (o *outage) note(err error, now time.Time) (changed bool) {
	changed = (err == nil) != (o.err == nil)
	o.err = err
	if err != nil {
		o.until = now.Add(o.backoff.NextBackOff())
	} else if changed {
		o.until = time.Time{}
		o.backoff.Reset()
	}
	return changed
}
