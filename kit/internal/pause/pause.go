// Package pause waits in a way that the end of a context cuts short.
package pause

import (
	"context"
	"time"
)

// For lets d pass. It reports false when ctx ended first.
func For(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
