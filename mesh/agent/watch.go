package agent

import (
	"context"
	"time"
)

// watch looks at the inputs and at the certificate until ctx ends. It asks again
// and again: files come by links and mounts of which no notice is given.
func (a *Agent) watch(ctx context.Context) {
	again := time.NewTicker(a.o.Poll)
	defer again.Stop()
	seen := &certificates{}
	for {
		seen.look(a)
		a.current.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
