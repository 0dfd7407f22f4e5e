//go:build linux || darwin

package pods

import (
	"context"
	"errors"
	"maps"
	"slices"

	"shop/mesh/policy"
	"shop/shop/local"
)

// Run starts the services behind their sidecars, and when they are ready the edge,
// so that no door opens too early; ready is called then. It renews certificates
// until ctx ends, or a part of the shop ends by itself, which is an EndedError
// unless a drill has asked for it. Then it stops in order: the edge when it has
// answered what it has accepted, then each service with its sidecar, the last
// first.
func (s *Shop) Run(ctx context.Context, ready func()) error {
	background := context.WithoutCancel(ctx)
	renewing, cancel := context.WithCancel(background)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		_ = s.authority.Run(renewing) // That it was cancelled.
	}()
	stopTelling, err := serveFigures(ctx, s.figures.at, s.figures.handler())
	if err == nil {
		err = errors.Join(s.run(ctx, ready), stop(s.inOrder()))
		stopTelling()
	}
	cancel()
	<-renewed
	return errors.Join(err, s.Close(background))
}

// inOrder returns the pods in the order of their start.
func (s *Shop) inOrder() []*pod {
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	order := append(slices.Clone(local.Names), policy.EdgeName)
	pods := slices.Collect(maps.Values(s.running.pods))
	slices.SortFunc(pods, func(a, b *pod) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
	return pods
}

// run returns when ctx has ended or a pod that was not to.
func (s *Shop) run(ctx context.Context, ready func()) error {
	defer close(s.running.over)
	ended := make(chan *pod, len(s.places))
	if err := s.launch(ctx, ended, local.Names...); err != nil || ctx.Err() != nil {
		return err
	}
	if err := s.launch(ctx, ended, policy.EdgeName); err != nil || ctx.Err() != nil {
		return err
	}
	ready()
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-ended:
			if !s.running.parted(p) {
				return p.failure()
			}
		case r := <-s.running.revived:
			s.mustRun(r.workload)
			err := s.launch(ctx, ended, r.workload)
			if err == nil && ctx.Err() != nil {
				err = errEnding
			}
			r.done <- err
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// launch starts pods and returns when they serve, or ctx has ended.
func (s *Shop) launch(ctx context.Context, ended chan *pod, workloads ...string) error {
	var started []*pod
	for _, workload := range workloads {
		p, err := s.start(workload, ended)
		if err != nil {
			return err
		}
		s.running.add(p)
		started = append(started, p)
	}
	for _, p := range started {
		select {
		case <-p.ready:
		case p := <-ended:
			return p.failure()
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
