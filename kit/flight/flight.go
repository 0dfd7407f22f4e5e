// Package flight lets callers that want the same thing at the same time share
// one call for it.
package flight

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/singleflight"
)

// Group is a set of calls by key. The zero Group is ready for use.
type Group[V any] struct{ calls singleflight.Group }

// Do returns what f returns. Callers that come with the same key while f runs
// share its answer; shared tells them so. f outlives any caller: it runs with the
// values of the first caller's context, but is bounded by timeout alone, and a
// caller whose context ends gets its context's error. A panic of f is an error.
func (g *Group[V]) Do(ctx context.Context, key string, timeout time.Duration, f func(context.Context) (V, error)) (v V, shared bool, err error) {
	first := false
	answer := g.calls.DoChan(key, func() (_ any, err error) {
		first = true
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		return f(ctx)
	})
	select {
	case <-ctx.Done():
		return v, false, ctx.Err()
	case r := <-answer:
		v, _ = r.Val.(V) // Nil after a panic.
		return v, !first, r.Err
	}
}

// Forget makes the next caller of key start a call of its own, also while one is
// under way.
func (g *Group[V]) Forget(key string) { g.calls.Forget(key) }
