//go:build linux || darwin

package pods

import (
	"context"
	"errors"

	"shop/mesh/policy"
	"shop/shop/local"
)

// Run starts the services behind their sidecars, and when they are ready the edge,
// so that no door opens too early; ready is called then. It renews certificates
// until ctx ends, or a part of the shop ends by itself, which is an EndedError.
// Then it stops in order: the edge when it has answered what it has accepted, then
// each service with its sidecar, the last first.
func (s *Shop) Run(ctx context.Context, ready func()) error {
	background := context.WithoutCancel(ctx)
	renewing, cancel := context.WithCancel(background)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		_ = s.authority.Run(renewing) // That it was cancelled.
	}()
	stopTelling, err := serveFigures(ctx, s.figures.at, s.figures.handler())
	var pods []*pod
	if err == nil {
		pods, err = s.run(ctx, ready)
		stopTelling()
	}
	err = errors.Join(err, stop(pods))
	cancel()
	<-renewed
	return errors.Join(err, s.Close(background))
}

// run returns the pods that it has started.
func (s *Shop) run(ctx context.Context, ready func()) (pods []*pod, err error) {
	ended := make(chan *pod, len(s.places))
	start := func(workloads ...string) error {
		first := len(pods)
		for _, workload := range workloads {
			p, err := s.start(workload, ended)
			if err != nil {
				return err
			}
			pods = append(pods, p)
		}
		for _, p := range pods[first:] {
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
	if err := start(local.Names...); err != nil || ctx.Err() != nil {
		return pods, err
	}
	if err := start(policy.EdgeName); err != nil || ctx.Err() != nil {
		return pods, err
	}
	ready()
	select {
	case <-ctx.Done():
		return pods, nil
	case p := <-ended:
		return pods, p.failure()
	}
}
