//go:build linux || darwin

package pods

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// running are the pods of a shop that runs, and those that may end because a
// drill wants them to.
type running struct {
	mu      sync.Mutex
	pods    map[string]*pod
	away    map[string]chan struct{} // Closed when the pod has ended, by workload.
	revived chan revival
	over    chan struct{} // Closed when nothing is started any more.
}

// revival asks for a pod to be started again.
type revival struct {
	workload string
	done     chan error
}

func (r *running) add(p *pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pods[p.name] = p
}

// parted notes that p has ended, and reports whether it was to.
func (r *running) parted(p *pod) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	away, ok := r.away[p.name]
	if ok {
		close(away)
	}
	return ok
}

// mayEnd lets the pod of a workload end without the shop, once; away is closed when
// it has ended.
func (s *Shop) mayEnd(workload string) (away <-chan struct{}) {
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	c := make(chan struct{})
	s.running.away[workload] = c
	return c
}

func (s *Shop) mustRun(workload string) {
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	delete(s.running.away, workload)
}

// again starts the pod of a workload that was to end, and returns when it serves.
func (s *Shop) again(ctx context.Context, workload string) error {
	r := revival{workload, make(chan error, 1)}
	select {
	case s.running.revived <- r:
	case <-s.running.over:
		return nil // The shop ends: nobody misses it.
	case <-ctx.Done():
		return fmt.Errorf("start %s again: %w", workload, context.Cause(ctx))
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("start %s again: %w", workload, context.Cause(ctx))
	}
}

// errEnding says that the shop ends, so that nothing is started any more.
var errEnding = errors.New("the shop is ending")

// process returns the process of a pod whose program, or whose second argument
// (serve), is called name.
func (s *Shop) process(workload, name string) (int, error) {
	s.running.mu.Lock()
	p := s.running.pods[workload]
	s.running.mu.Unlock()
	if p == nil {
		return 0, fmt.Errorf("there is no pod %s", workload)
	}
	return child(p.cmd.Process.Pid, name)
}
