package agent

import (
	"context"
	"time"
)

// restTime is how often memory is given back.
const restTime = time.Minute

// watch looks at the inputs and at the certificate until ctx ends. It asks again
// and again: files come by links and mounts of which no notice is given.
func (a *Agent) watch(ctx context.Context) {
	again := time.NewTicker(a.o.Poll)
	defer again.Stop()
	rest := time.NewTicker(restTime)
	defer rest.Stop()
	seen := &certificates{}
	for {
		seen.look(a)
		a.current.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
			giveBack()
		case <-again.C:
		}
	}
}
