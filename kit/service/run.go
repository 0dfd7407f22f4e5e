package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"shop/kit/web"
)

// Run binds the listeners of all instances, starts their workers, answers
// requests, calls ready (if not nil) and waits until ctx ends or something
// fails. Then it stops: first all say "not ready"; then each instance, the last
// first, finishes its requests and its workers, so that an instance may call
// those before it to the end; then all is flushed and closed in reverse. All of
// it takes at most the longest ShutdownTimeout. The instances can't be run again.
func Run(ctx context.Context, ready func(), instances ...*Instance) error {
	background := context.WithoutCancel(ctx)
	failure := make(chan error, 1) // The first counts; the rest follows from it.
	err := start(ctx, instances, func(err error) {
		select {
		case failure <- err:
		default:
		}
	})
	if err == nil {
		if ready != nil {
			ready()
		}
		select {
		case <-ctx.Done():
		case err = <-failure:
		}
	}
	var limit time.Duration
	for _, i := range instances {
		limit = max(limit, i.cfg.shutdownTimeout())
	}
	stopping, cancel := context.WithTimeout(background, limit)
	defer cancel()
	return errors.Join(err, stop(stopping, instances))
}

func start(ctx context.Context, instances []*Instance, failed func(error)) error {
	for _, i := range instances {
		if err := errors.Join(
			i.named(i.public.listen(ctx, i.cfg.address())),
			i.named(i.admin.listen(ctx, i.cfg.adminAddress())),
		); err != nil {
			return err
		}
	}
	background := context.WithoutCancel(ctx)
	for _, i := range instances {
		fail := func(err error) { failed(i.named(err)) }
		i.workers.start(background, i.Service.Workers, i.Infra.Tel, fail)
		i.admin.serve(i.adminHandler(), web.ServerOptions{Log: i.Infra.Tel.Log}, fail)
	}
	for _, i := range instances {
		fail := func(err error) { failed(i.named(err)) }
		i.public.serve(i.Service.Handler, web.ServerOptions{
			ReadTimeout:  bodyTimeout,
			WriteTimeout: bodyTimeout + 2*i.cfg.RequestTimeout.Duration(),
			Log:          i.Infra.Tel.Log,
		}, fail)
		i.Infra.Tel.Log.InfoContext(ctx, "ready", "url", i.URL(), "admin_url", i.AdminURL(),
			"version", i.cfg.Version(), "revision", BuildRevision())
	}
	return nil
}

// stop takes every step also when one before it has failed.
func stop(ctx context.Context, instances []*Instance) error {
	var failed []error
	for _, i := range instances {
		i.Service.Handler.Drain()
		i.tell(ctx, "stopping")
	}
	for _, i := range slices.Backward(instances) {
		failed = append(failed, i.named(i.public.stop(ctx)), i.named(i.workers.stop(ctx)))
	}
	for _, i := range slices.Backward(instances) {
		failed = append(failed, i.named(i.Close(ctx)))
		i.tell(ctx, "stopped")
	}
	return errors.Join(failed...)
}

// tell logs a step of the stop of an instance that has begun to answer.
func (i *Instance) tell(ctx context.Context, step string) {
	if i.public.http != nil {
		i.Infra.Tel.Log.InfoContext(ctx, step)
	}
}

// adminHandler serves metrics, profiles and the service's routes for operators.
func (i *Instance) adminHandler() http.Handler {
	mux := i.Infra.Tel.Admin()
	for _, r := range i.Service.Admin {
		mux.Handle(r.Pattern, r.Handler)
	}
	return mux
}

// named says which of several services an error is of.
func (i *Instance) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", i.Service.Name, err)
}
