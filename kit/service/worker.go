package service

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"shop/kit/telemetry"
)

// workers are the running workers of one instance.
type workers struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	failed []error // While stopping.
}

// start runs every worker until stop. fail is told of one that ends before.
func (w *workers) start(ctx context.Context, all []Worker, tel *telemetry.Telemetry, fail func(error)) {
	ctx, w.cancel = context.WithCancel(ctx)
	for _, worker := range all {
		w.done.Go(func() {
			err := guarded(ctx, worker, tel)
			if err != nil {
				err = fmt.Errorf("%s: %w", worker.Name, err)
			}
			switch {
			case ctx.Err() != nil:
				w.mu.Lock()
				defer w.mu.Unlock()
				w.failed = append(w.failed, err)
			case err == nil:
				fail(fmt.Errorf("%s: ended before it was asked to", worker.Name))
			default:
				fail(err)
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
	var late error
	select {
	case <-ended:
	case <-ctx.Done():
		late = fmt.Errorf("workers were cut off: %w", ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(append(w.failed, late)...)
}
