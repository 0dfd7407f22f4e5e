package app

import (
	"context"
	"fmt"

	"shop/user/domain"
	"shop/user/ports"
)

// guarded runs try, which hashes a password exactly once and says whether it was
// the right one, unless the account has failed too often: then the answer is
// ErrLoginThrottled and nothing is hashed. The outcome is remembered.
//
// The first look costs one read and turns away who must wait before they queue
// up; the second, when it is this try's turn, is the one that counts.
func (a *App) guarded(ctx context.Context, o domain.Origin, try func() (right bool, err error)) error {
	if _, err := a.admit(ctx, o); err != nil {
		return err
	}
	done, err := a.turns.take(ctx, o.NameKey)
	if err != nil {
		return err
	}
	defer done()
	before, err := a.admit(ctx, o)
	if err != nil {
		return err
	}
	right, err := try()
	if err != nil {
		return err
	}
	return a.remember(ctx, o, before, right)
}

func (a *App) admit(ctx context.Context, o domain.Origin) (domain.Attempts, error) {
	attempts, err := a.Attempts.Of(ctx, o)
	if err != nil {
		return attempts, fmt.Errorf("read failed logins: %w", err)
	}
	if wait, brake := attempts.Wait(a.Now()); brake != domain.NoBrake {
		a.Journal.Record(ctx, ports.Event{Name: ports.EventName(brake), Address: o.Address, Wait: wait})
		return attempts, domain.ErrLoginThrottled.After(wait)
	}
	return attempts, nil
}

func (a *App) remember(ctx context.Context, o domain.Origin, before domain.Attempts, right bool) error {
	change := func(now domain.Attempts) domain.Attempts { return now.Failed(a.Now()) }
	if right {
		if before.IsZero() {
			return nil
		}
		change = func(now domain.Attempts) domain.Attempts { return now.Succeeded(a.Now()) }
	}
	// The client may be gone by now; its failure counts all the same.
	if err := a.Attempts.Change(context.WithoutCancel(ctx), o, change); err != nil {
		return fmt.Errorf("remember the outcome of a login: %w", err)
	}
	return nil
}
