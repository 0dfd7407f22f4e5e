package sqldb

import (
	"context"
	"time"

	"shop/kit/internal/pause"
)

// maxRuns is how often something is run that Postgres gives up in favour of
// others, or whose connection is lost.
const maxRuns = 6

// repeat runs f, and runs it again after a short while as long as f says that it
// should, but no more than maxRuns times.
func repeat(ctx context.Context, f func() (again bool, err error)) error {
	again, err := f()
	if !again {
		return err
	}
	waits := newBackOff(5*time.Millisecond, 100*time.Millisecond) // Jittered: the same two don't meet again.
	for range maxRuns - 1 {
		if !pause.For(ctx, waits.NextBackOff()) {
			break
		}
		if again, err = f(); !again {
			break
		}
	}
	return err
}
