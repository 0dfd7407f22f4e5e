package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

// attempt makes the one attempt that claimed stands for, and stores and logs how
// it ended.
func (d *Dispatcher) attempt(ctx context.Context, claimed domain.Notification) {
	err := d.send(ctx, claimed)
	now := d.clock.Now()
	var after domain.Notification
	switch {
	case err == nil:
		after = claimed.Delivered(now)
	case errors.Is(context.Cause(ctx), errStopping):
		after = claimed.Interrupted(now)
	default:
		after = claimed.Missed(err, now, d.policy, d.clock.Spread())
	}
	ctx = context.WithoutCancel(ctx)
	log := d.log.With("notification_id", claimed.Identity(), "order_id", claimed.Order.ID, "attempt", claimed.Attempts)
	if unsettled := d.settle(ctx, claimed, after); unsettled != nil {
		log.ErrorContext(ctx, "outcome of a delivery is not stored; it may be repeated", "error", unsettled)
		return
	}
	switch {
	case after.State == domain.Failed:
		log.WarnContext(ctx, "notification failed for good", "reason", after.Reason, "error", err)
	case err != nil:
		log.InfoContext(ctx, "notification will be tried again", "reason", after.Reason, "due_at", after.DueAt, "error", err)
	}
}

// send puts the notification into words and hands it to its channel within the
// time limit of an attempt.
func (d *Dispatcher) send(ctx context.Context, n domain.Notification) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while sending: %v", p)
		}
	}()
	channel, ok := d.channels[n.Channel]
	if !ok {
		return domain.Undelivered("the channel is not configured", 0)
	}
	m, err := d.composer.Compose(n)
	if err != nil {
		return domain.ErrRejected.With("reason", "the text could not be written").Wrap(err)
	}
	ctx, cancel := context.WithTimeout(ctx, d.limits.Attempt)
	defer cancel()
	return channel.Send(ctx, m)
}

// settle stores the outcome, again and again while the store is away and the
// claim lasts: what was sent and not settled is sent twice. It returns
// ports.ErrLost if another process took the notification over meanwhile.
func (d *Dispatcher) settle(ctx context.Context, claimed, after domain.Notification) error {
	ctx, cancel := context.WithTimeout(ctx, d.limits.Settle)
	defer cancel()
	pause := settlePause
	for {
		err := d.queue.Settle(ctx, claimed, after)
		if err == nil {
			return nil
		}
		if errors.Is(err, ports.ErrLost) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
			pause = min(2*pause, settlePauseMax)
		}
	}
}

const (
	settlePause    = 50 * time.Millisecond
	settlePauseMax = time.Second
)
