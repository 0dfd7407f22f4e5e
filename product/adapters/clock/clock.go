// Package clock drives use cases that nobody calls: it runs them again and again.
package clock

import (
	"context"
	"log/slog"
	"time"
)

// Every returns a worker that runs step, at once again while there is more and
// else after interval, until its context ends. A step that fails is logged as
// failure to do what, and tried again after interval.
func Every(
	interval time.Duration, log *slog.Logger, what string, step func(context.Context) (more bool, err error),
) func(context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(interval)
		defer timer.Stop()
		for ctx.Err() == nil {
			more, err := step(ctx)
			if err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "failed to "+what, "error", err)
			}
			if more && err == nil {
				continue
			}
			timer.Reset(interval)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
		return nil
	}
}
