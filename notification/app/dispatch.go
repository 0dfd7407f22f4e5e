package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Limits bound the work of a Dispatcher.
type Limits struct {
	Parallel int           // Attempts running at once, for each channel but the log.
	Attempt  time.Duration // The longest one attempt takes.
	Settle   time.Duration // How long the outcome of an attempt is tried to be stored.
	Poll     time.Duration // How often to look for what fell due without a wake-up.
	Grace    time.Duration // How long attempts may go on after Run was told to end.
}

// lease is how long a claim lasts: an attempt and its settling always fit in, so
// only an attempt whose process died is ever taken over.
func (l Limits) lease() time.Duration { return l.Attempt + l.Settle + leaseMargin }

const leaseMargin = 5 * time.Second

// logParallel is for the log, which is nobody else's to be overrun.
const logParallel = 64

func (l Limits) parallel(c domain.Channel) int {
	if c == domain.Log {
		return max(l.Parallel, logParallel)
	}
	return l.Parallel
}

// errStopping is why attempts are broken off at the end of a process's grace.
var errStopping = errors.New("the service is stopping")

// Clock is a Dispatcher's time and chance.
type Clock struct {
	Now    func() time.Time
	Spread func() float64 // In [0, 1), see domain.Policy.
}

// Dispatcher delivers notifications: it claims what is due, for every channel
// apart, makes the attempts and stores how they ended. Any number of dispatchers,
// in any number of processes, share a queue.
type Dispatcher struct {
	queue    ports.Queue
	composer ports.Composer
	channels map[domain.Channel]ports.Channel
	policy   domain.Policy
	limits   Limits
	clock    Clock
	log      *slog.Logger
	wakes    map[domain.Channel]chan struct{}
	free     map[domain.Channel]slots

	mu     sync.Mutex
	begin  func(domain.Notification) // Makes an attempt; nil while nothing can be booked.
	booked sync.WaitGroup
}

// NewDispatcher returns a Dispatcher that sends by channels. Notifications of a
// channel that is missing there, because it is not configured any more, are
// tried and end as failed like those of one that is down.
func NewDispatcher(
	queue ports.Queue, composer ports.Composer, channels map[domain.Channel]ports.Channel,
	policy domain.Policy, limits Limits, clock Clock, log *slog.Logger,
) *Dispatcher {
	d := &Dispatcher{
		queue: queue, composer: composer, channels: channels, policy: policy, limits: limits, clock: clock, log: log,
		wakes: map[domain.Channel]chan struct{}{}, free: map[domain.Channel]slots{},
	}
	for _, c := range domain.Channels() {
		d.wakes[c] = make(chan struct{}, 1)
		d.free[c] = make(slots, limits.parallel(c))
	}
	return d
}

// Wake makes Run look now for due notifications of these channels. It never
// blocks.
func (d *Dispatcher) Wake(channels ...domain.Channel) {
	for _, c := range channels {
		select {
		case d.wakes[c] <- struct{}{}:
		default: // A wake-up is waiting already.
		}
	}
}

// Run delivers until ctx ends; then it claims nothing more, lets the running
// attempts end within the grace, and returns nil.
func (d *Dispatcher) Run(ctx context.Context) error {
	attempts, breakOff := context.WithCancelCause(context.WithoutCancel(ctx))
	defer breakOff(nil)
	d.takeBookings(func(n domain.Notification) { d.attempt(attempts, n) })
	var channels sync.WaitGroup
	for _, c := range domain.Channels() {
		channels.Go(func() { d.serve(ctx, attempts, c) })
	}
	<-ctx.Done()
	d.takeBookings(nil)
	grace := time.AfterFunc(d.limits.Grace, func() { breakOff(errStopping) })
	defer grace.Stop()
	channels.Wait()
	d.booked.Wait()
	return nil
}

// serve delivers the notifications of one channel until ctx ends and its last
// attempt has ended.
func (d *Dispatcher) serve(ctx, attempts context.Context, c domain.Channel) {
	var running sync.WaitGroup
	defer running.Wait()
	free, away := d.free[c], false
	for free.take(ctx) {
		taken := 1 + free.takeMore()
		claimed, err := d.claim(ctx, c, taken)
		away = d.report(ctx, c, away, err)
		for _, n := range claimed {
			running.Go(func() {
				defer free.give(1)
				d.attempt(attempts, n)
			})
		}
		free.give(taken - len(claimed))
		if len(claimed) < taken && !d.idle(ctx, c) {
			return
		}
	}
}

// claim returns at most limit notifications to deliver now.
func (d *Dispatcher) claim(ctx context.Context, c domain.Channel, limit int) ([]domain.Notification, error) {
	now := d.clock.Now()
	return d.queue.Claim(ctx, c, now, now.Add(d.limits.lease()), limit)
}

// report logs when the queue goes away and when it is back; it returns whether it
// is away.
func (d *Dispatcher) report(ctx context.Context, c domain.Channel, away bool, err error) bool {
	switch {
	case ctx.Err() != nil:
		return away // Whatever it is, it is because of the end.
	case err != nil && !away:
		d.log.ErrorContext(ctx, "no notifications can be claimed", "channel", c, "error", err)
	case err == nil && away:
		d.log.InfoContext(ctx, "notifications can be claimed again", "channel", c)
	}
	return err != nil
}

// idle waits for a wake-up or the next poll; false means that ctx ended.
func (d *Dispatcher) idle(ctx context.Context, c domain.Channel) bool {
	poll := time.NewTimer(d.limits.Poll)
	defer poll.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-d.wakes[c]:
	case <-poll.C:
	}
	return true
}
