package service

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"shop/kit/telemetry"
)

// workers are the running workers of one instance.
type workers struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// start runs every worker until stop. failed is told of one that ends before.
func (w *workers) start(ctx context.Context, all []Worker, tel *telemetry.Telemetry, failed func(error)) {
	ctx, w.cancel = context.WithCancel(ctx)
	for _, worker := range all {
		w.done.Go(func() {
			err := guarded(ctx, worker, tel)
			switch {
			case err != nil:
				failed(fmt.Errorf("%s: %w", worker.Name, err))
			case ctx.Err() == nil:
				failed(fmt.Errorf("%s: ended before it was asked to", worker.Name))
			}
		})
	}
}

// guarded turns a panic of a worker into an error, with the stack in the log.
func guarded(ctx context.Context, w Worker, tel *telemetry.Telemetry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			tel.Log.ErrorContext(ctx, "worker panicked", "worker", w.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.Run(ctx)
}

// stop ends the workers and waits for them, at most until ctx ends.
func (w *workers) stop(ctx context.Context) error {
	if w.cancel == nil {
		return nil
	}
	w.cancel()
	ended := make(chan struct{})
	go func() {
		w.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("workers were cut off: %w", ctx.Err())
	}
}
