package dispatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"shop/kit/event"
)

const (
	// longest bounds every wait, so that a clock that was moved is noticed.
	longest = 50 * time.Millisecond
	// patience is how long a stopping consumer tries to record its last results.
	patience = 3 * time.Second
	// exchangeTimeout bounds one step of the store.
	exchangeTimeout = 30 * time.Second
)

// run is a Consumer at work. One goroutine owns it; handlers have their own.
type run struct {
	Consumer
	results  chan result
	inFlight map[int64]struct{}
	settled  []Settlement // To be recorded.
	look     bool         // There may be messages to claim.
	next     time.Time    // When to look again; zero = when told so.
	renewAt  time.Time
	pause    pause
	outage   outage
}

// result is how a handler ended. Era is the pause's era when it began.
type result struct {
	message Message
	era     int
	err     error
}

func (r *run) loop(ctx context.Context) error {
	work := context.WithoutCancel(ctx) // What is in flight is finished and recorded.
	stop, stopping, giveUp := ctx.Done(), false, time.Time{}
	for {
		now := r.Now()
		if stopping {
			if len(r.inFlight) == 0 && len(r.settled) == 0 {
				return nil
			}
			if len(r.settled) > 0 && r.outage.err != nil && now.After(giveUp) {
				return fmt.Errorf("record what became of %d messages: %w", len(r.settled), r.outage.err)
			}
		}
		r.step(work, now, stopping)
		timer := time.NewTimer(r.wait(r.Now()))
		select {
		case res := <-r.results:
			r.collect(res)
		case <-r.Store.Changed():
			r.look = true
		case <-timer.C:
		case <-stop:
			stop, stopping, giveUp = nil, true, r.Now().Add(patience)
		}
		timer.Stop()
	}
}

// collect takes res and whatever else is ready: what has ended together is
// recorded together.
func (r *run) collect(res result) {
	for {
		r.settle(res)
		select {
		case res = <-r.results:
		default:
			return
		}
	}
}

// settle decides what becomes of a handled message.
func (r *run) settle(res result) {
	d := res.message.Delivery
	verdict, wait := r.Ladder.Judge(res.err, d.Attempts)
	s := Settlement{Ref: res.message.Ref, Verdict: verdict, Attempts: d.Attempts}
	now := r.Now()
	switch verdict {
	case event.Acknowledge:
		r.pause.succeeded(res.era)
	case event.Wait:
		s.Due = r.pause.failed(res.era, now)
	case event.Retry:
		s.Attempts++
		s.Due = now.Add(wait)
	case event.Bury:
		s.Attempts++
		s.Reason = reason(res.err)
	}
	r.settled = append(r.settled, s)
}

// step records what has ended, claims what there is room for, renews claims.
func (r *run) step(ctx context.Context, now time.Time, stopping bool) {
	if r.outage.over(now) {
		r.exchange(ctx, now, stopping)
	}
	if r.Renewal > 0 && len(r.inFlight) > 0 && !now.Before(r.renewAt) {
		r.renewAt = now.Add(r.Renewal)
		ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
		defer cancel()
		r.report(r.Store.Renew(ctx, slices.Collect(maps.Keys(r.inFlight))))
	}
}

func (r *run) exchange(ctx context.Context, now time.Time, stopping bool) {
	if !r.next.IsZero() && !now.Before(r.next) {
		r.look = true
	}
	room := r.room(now, stopping)
	if len(r.settled) == 0 && (room == 0 || !r.look) {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	claimed, next, err := r.Store.Exchange(bounded, r.settled, room)
	r.report(err)
	if err != nil {
		r.look = true
		return
	}
	for _, s := range r.settled {
		delete(r.inFlight, s.Ref)
	}
	r.settled = r.settled[:0]
	r.look = len(claimed) == room // Also where nothing was looked for: what was settled may have made way.
	if room > 0 {
		r.next = next
	}
	if r.Renewal > 0 && len(r.inFlight) == 0 {
		r.renewAt = now.Add(r.Renewal)
	}
	for _, m := range claimed {
		if _, again := r.inFlight[m.Ref]; again {
			continue // Our own claim had run out, as after a long stop of the process.
		}
		r.inFlight[m.Ref] = struct{}{}
		go func(era int) { r.results <- result{m, era, r.handle(ctx, m.Delivery)} }(r.pause.era)
	}
}

// room is how many messages may be claimed. Those that have ended and are about
// to be recorded in the same step make way for others.
func (r *run) room(now time.Time, stopping bool) int {
	if stopping {
		return 0
	}
	return max(0, r.pause.limit(now, r.Prefetch)-len(r.inFlight)+len(r.settled))
}

// handle calls the handler. A panic is the message's fault; a message that can't be
// read is not handled, whatever the handler says.
func (r *run) handle(ctx context.Context, d event.Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	if err := r.Handle(ctx, d); d.Fault == nil {
		return err
	}
	return d.Fault
}

func (r *run) report(err error) {
	if changed := r.outage.note(err, r.Now()); changed && r.Report != nil {
		r.Report(err)
	}
}

// wait is how long there is nothing to do unless something happens.
func (r *run) wait(now time.Time) time.Duration {
	d := longest
	for _, at := range []time.Time{r.next, r.pause.until, r.outage.until} {
		if left := at.Sub(now); !at.IsZero() && left > 0 {
			d = min(d, left)
		}
	}
	if r.Renewal > 0 && len(r.inFlight) > 0 {
		d = min(d, max(r.renewAt.Sub(now), 0))
	}
	if len(r.settled) == 0 && r.outage.over(now) && r.look && r.room(now, false) > 0 {
		return 0
	}
	return d
}

// maxReason bounds the reason of a dead letter.
const maxReason = 1000 // bytes

func reason(err error) string {
	text := err.Error()
	if len(text) > maxReason {
		text = text[:maxReason] + "…"
	}
	return text
}
