package agent

import (
	"context"
	"time"
)

// serve waits for an end and brings about the others; it returns the exit code.
// service may be nil.
func (a *Agent) serve(envoy, service *child) int {
	select {
	case <-a.signals.stopping.Done():
		a.o.Log.Info("draining", "signal", a.signals.number(), "for", a.o.DrainTime.String())
		a.status.set(draining)
		a.drain(envoy, service)
	case <-envoy.ended:
		a.o.Log.Error("Envoy ended by itself", "status", envoy.how())
		a.status.set(stopping)
		a.end(service, a.o.StopTime)
		return envoy.code()
	case <-service.end():
		a.o.Log.Error("the service ended by itself", "status", service.how())
		a.status.set(stopping)
		a.end(envoy, envoyTime)
		return service.code()
	}
	a.status.set(stopping)
	a.end(service, a.o.StopTime)
	a.end(envoy, envoyTime)
	a.o.Log.Info("stopped", "envoy", envoy.how(), "service", service.how())
	if service == nil || envoy.code() != 0 && !envoy.asked {
		return envoy.code()
	}
	return service.code()
}

// drain makes callers turn to others and returns when they have had the time for
// that, or nobody is left who could serve them.
func (a *Agent) drain(envoy, service *child) {
	if err := a.admin.drain(a.signals.hurry, service == nil); err != nil {
		a.o.Log.Warn("Envoy can't be drained; requests in flight may be lost", "error", err)
		return
	}
	over := time.NewTimer(a.o.DrainTime)
	defer over.Stop()
	select {
	case <-over.C:
	case <-a.signals.hurry.Done():
	case <-envoy.ended:
	case <-service.end():
	}
	if service == nil && !envoy.hasEnded() {
		a.empty(a.signals.hurry, envoy)
	}
}

// A request may have been read that is not counted yet, so an Envoy is empty when
// it has been so for some looks in a row.
const (
	emptyPoll  = 25 * time.Millisecond
	emptyLooks = 4
)

// empty shuts the door of an Envoy that stands alone, at the edge, where clients
// don't look at health checks, and returns when everybody inside has been answered
// or has had as long as a service may take to end, or when ctx ends.
func (a *Agent) empty(ctx context.Context, envoy *child) {
	ctx, cancel := context.WithTimeout(ctx, a.o.StopTime)
	defer cancel()
	err := a.admin.shut(ctx)
	look := time.NewTicker(emptyPoll)
	defer look.Stop()
	for looks := 0; err == nil && looks < emptyLooks; {
		select {
		case <-look.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
			continue
		case <-envoy.ended:
			return
		}
		var n int
		n, err = a.admin.active(ctx)
		if looks++; n > 0 {
			looks = 0
		}
	}
	if err != nil && !envoy.hasEnded() {
		a.o.Log.Warn("requests in flight may be lost", "error", err)
	}
}

// end asks c to end and kills it if it has not within the time, or when a second
// signal says to hurry. c may be nil, or may have ended.
func (a *Agent) end(c *child, within time.Duration) {
	if c == nil {
		return
	}
	defer c.killGroup()
	if c.hasEnded() {
		return
	}
	c.ask()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-c.ended:
		return
	case <-a.signals.hurry.Done():
	case <-late.C:
		a.o.Log.Error(c.name+" did not end in time and is killed", "within", within.String())
	}
	c.killGroup()
	<-c.ended
}
