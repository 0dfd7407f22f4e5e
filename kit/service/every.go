package service

import (
	"context"
	"log/slog"
	"time"
)

// Every returns a Worker's Run that takes a step, again at once while there is
// more to do and else after interval. A step that fails is logged as failure to
// do what, and taken again after interval.
func Every(
	interval time.Duration, log *slog.Logger, what string, step func(context.Context) (more bool, err error),
) func(context.Context) error {
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			more, err := step(ctx)
			if err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "failed to "+what, "error", err)
			}
			if more && err == nil {
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(interval):
			}
		}
		return nil
	}
}
