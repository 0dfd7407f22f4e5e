package sqldb

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"shop/kit/event"
	"shop/kit/telemetry"
)

// Relay publishes the events of an Outbox until all are confirmed. Several relays
// may work on one outbox, in one process or in many.
//
// Each event is published at least once: a confirm that is lost makes it go out
// again with the same id. The events of one key go out in the order of their
// sequence, the next one only after the one before it is confirmed. An event that
// fails holds up its own key alone and backs off; when the broker is away the
// relay itself backs off. It never gives up.
type Relay struct {
	outbox    *Outbox
	publisher event.Publisher
	tel       *telemetry.Telemetry
	settings  RelaySettings
	backoff   *backoff.ExponentialBackOff
	failing   bool
	purged    time.Time
}

// RelaySettings of a Relay. The zero value of each field is its default.
type RelaySettings struct {
	Batch     int           // Events published together, 100.
	Lease     time.Duration // How long a batch is this relay's, 15 s. A third of it bounds each publish.
	Poll      time.Duration // How often to look unasked, 1 s.
	Pace      time.Duration // Least time between two batches that aren't full, 20 ms: gathers events under load.
	MaxWait   time.Duration // Longest back-off of the relay, 5 s; of one event, six times that.
	Flush     time.Duration // How long publishing may go on after the end, 5 s.
	Retention time.Duration // How long sent events are kept, 7 days.
}

func (s RelaySettings) withDefaults() RelaySettings {
	orDefault := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	if s.Batch == 0 {
		s.Batch = 100
	}
	orDefault(&s.Lease, 15*time.Second)
	orDefault(&s.Poll, time.Second)
	orDefault(&s.Pace, 20*time.Millisecond)
	orDefault(&s.MaxWait, 5*time.Second)
	orDefault(&s.Flush, 5*time.Second)
	orDefault(&s.Retention, 7*24*time.Hour)
	return s
}

// RelayOption changes a default of a Relay.
type RelayOption func(*Relay)

// With sets what differs from the defaults.
func With(s RelaySettings) RelayOption {
	return func(r *Relay) { r.settings = s }
}

// NewRelay returns the relay from o to p.
func NewRelay(o *Outbox, p event.Publisher, tel *telemetry.Telemetry, opts ...RelayOption) *Relay {
	r := &Relay{outbox: o, publisher: p, tel: tel}
	for _, opt := range opts {
		opt(r)
	}
	r.settings = r.settings.withDefaults()
	r.backoff = newBackOff(min(100*time.Millisecond, r.settings.MaxWait), r.settings.MaxWait)
	return r
}

// newBackOff returns a series of waits that doubles from first to longest, each
// jittered by half.
func newBackOff(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, longest, 2
	return b
}

// purgeEvery is how often sent events are looked through for old ones.
const purgeEvery = 10 * time.Minute

// Run publishes until ctx ends; then it finishes the batch in flight, publishes
// what is left, all within the time of a flush, and returns nil. What it can't
// publish stays in the outbox for the next relay. A Relay runs once at a time.
func (r *Relay) Run(ctx context.Context) error {
	// A batch isn't interrupted at once: an unconfirmed event goes out twice.
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.settings.Flush, end) })()

	woken := true // Look at once: the last process may have left something.
	for ctx.Err() == nil {
		more, err := r.step(work, woken)
		switch {
		case err != nil:
			r.failed(ctx, err)
			woken = r.wait(ctx, r.backoff.NextBackOff(), nil)
		case more:
			woken = true
		default:
			r.purge(ctx)
			r.wait(ctx, r.settings.Pace, nil)
			woken = r.wait(ctx, r.settings.Poll, r.outbox.wake)
		}
	}
	r.flush(work)
	return nil
}

// step publishes one batch, if one is due, and reports whether there may be more.
func (r *Relay) step(ctx context.Context, woken bool) (more bool, err error) {
	if !woken { // A glance costs less than a claim, which writes.
		if due, err := r.due(ctx); err != nil || !due {
			return false, err
		}
	}
	claimed, sent, err := r.batch(ctx)
	return claimed == r.settings.Batch && sent > 0, err
}

func (r *Relay) due(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.third())
	defer cancel()
	return r.outbox.due(ctx)
}

// wait lets d pass. It reports true when wake spoke first.
func (r *Relay) wait(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
		return true
	}
	return false
}

// flush publishes what is left, until nothing is due or goes out, or ctx ends.
func (r *Relay) flush(ctx context.Context) {
	for ctx.Err() == nil {
		due, err := r.due(ctx)
		if err == nil && !due {
			return
		}
		sent := 0
		if err == nil {
			_, sent, err = r.batch(ctx)
		}
		if err != nil {
			r.tel.Log.WarnContext(ctx, "events stay in the outbox for the next start", "error", err)
		}
		if sent == 0 {
			return
		}
	}
}

// failed logs the first of a row of failures, succeeded the end of it.
func (r *Relay) failed(ctx context.Context, err error) {
	if !r.failing {
		r.tel.Log.WarnContext(ctx, "events cannot be published, they wait in the outbox", "error", err)
	}
	r.failing = true
}

func (r *Relay) succeeded(ctx context.Context) {
	if r.failing {
		r.tel.Log.InfoContext(ctx, "events are published again")
	}
	r.failing = false
	r.backoff.Reset()
}

func (r *Relay) purge(ctx context.Context) {
	now := r.outbox.now()
	if now.Sub(r.purged) < purgeEvery {
		return
	}
	r.purged = now
	n, err := r.outbox.Purge(ctx, now.Add(-r.settings.Retention))
	switch {
	case err != nil && !errors.Is(err, context.Canceled):
		r.tel.Log.WarnContext(ctx, "sent events not purged", "error", err)
	case n > 0:
		r.tel.Log.InfoContext(ctx, "sent events purged", "events", n)
	}
}
