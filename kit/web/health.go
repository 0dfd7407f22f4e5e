package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Check is one dependency of a service.
type Check struct {
	Name     string // Its key in /health.
	Critical bool   // Without it no request can be served: /readyz is 503 while it is down, /health unhealthy.
	// Probe reports whether the dependency answers. It must end soon after ctx
	// does. details are shown to clients beside the status: names, never a text
	// of an error.
	Probe func(ctx context.Context) (details map[string]any, err error)
}

// probeTimeout is how long a dependency may take to answer a probe.
const probeTimeout = time.Second

// probes runs checks, each at most once at a time however many ask.
type probes struct {
	checks []Check
	down   []atomic.Bool // By check: what was logged last.
	flight singleflight.Group
	log    *slog.Logger
}

func newProbes(checks []Check, log *slog.Logger) *probes {
	return &probes{checks: checks, down: make([]atomic.Bool, len(checks)), log: log}
}

// result is the outcome of one check.
type result struct {
	Check
	details map[string]any
	up      bool
}

// run returns the results of the checks that want takes, in order, after
// probeTimeout at most.
func (p *probes) run(ctx context.Context, want func(Check) bool) []result {
	var chosen []int
	for i, check := range p.checks {
		if want(check) {
			chosen = append(chosen, i)
		}
	}
	results := make([]result, len(chosen))
	var all sync.WaitGroup
	for slot, i := range chosen {
		all.Go(func() { results[slot] = p.probe(ctx, i) })
	}
	all.Wait()
	return results
}

// probe runs check i, or waits for the run that is under way. A probe that does
// not end is given up; the next one waits for it, so hung ones don't pile up.
func (p *probes) probe(ctx context.Context, i int) result {
	check := p.checks[i]
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	answer := p.flight.DoChan(check.Name, func() (details any, err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
		defer cancel()
		defer func() {
			if broken := recover(); broken != nil {
				err = fmt.Errorf("panic: %v", broken)
			}
		}()
		return check.Probe(ctx)
	})
	r := result{Check: check}
	var err error
	select {
	case a := <-answer:
		r.details, _ = a.Val.(map[string]any)
		err = a.Err
	case <-ctx.Done():
		err = fmt.Errorf("no answer within %v: %w", probeTimeout, ctx.Err())
	}
	r.up = err == nil
	switch was := p.down[i].Swap(!r.up); {
	case err != nil && !was:
		p.log.WarnContext(ctx, "dependency is down", "check", check.Name, "critical", check.Critical, "error", err)
	case err == nil && was:
		p.log.InfoContext(ctx, "dependency is up again", "check", check.Name)
	}
	return r
}

// health answers 200 while requests are served at all, "degraded" where a
// dependency is missed, and 503 "unhealthy" where a critical one is.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	body := object{{"status", "healthy"}, {"service", h.cfg.Service}, {"version", h.cfg.Version}}
	status := http.StatusOK
	for _, result := range h.probes.run(r.Context(), func(Check) bool { return true }) {
		entry := map[string]any{}
		maps.Copy(entry, result.details)
		entry["status"] = "healthy"
		if !result.up {
			entry["status"] = "unhealthy"
			if result.Critical {
				status, body[0].value = http.StatusServiceUnavailable, "unhealthy"
			} else if status == http.StatusOK {
				body[0].value = "degraded"
			}
		}
		body = append(body, member{result.Name, entry})
	}
	header := http.Header{}
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", seconds(retryAfter))
	}
	h.document(w, r, Reply{Body: body, Status: status, Header: header})
}

// livez answers as long as the process can answer.
func (h *Handler) livez(w http.ResponseWriter, r *http.Request) {
	h.document(w, r, JSON(map[string]string{"status": "alive"}))
}

// readyz answers 200 while a request would be served: the critical dependencies
// answer and the service is not shutting down.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		h.fail(w, errNotReady.Wrap(errors.New("shutting down")))
		return
	}
	for _, result := range h.probes.run(r.Context(), func(c Check) bool { return c.Critical }) {
		if !result.up {
			h.fail(w, errNotReady)
			return
		}
	}
	h.document(w, r, JSON(map[string]string{"status": "ready"}))
}

// welcome is the page at /.
func (h *Handler) welcome() http.Handler {
	body := object{
		{"message", "Welcome to " + h.cfg.Service + " API"}, {"service", h.cfg.Service}, {"version", h.cfg.Version},
		{"docs", "/docs"}, {"redoc", "/redoc"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.document(w, r, JSON(body)) })
}

// document sends a page of the platform.
func (h *Handler) document(w http.ResponseWriter, _ *http.Request, r Reply) {
	w.Header()["Cache-Control"] = []string{"no-store"}
	if err := exchangeOf(w).reply(r, http.StatusOK); err != nil {
		h.log.Error("page does not encode", "error", err)
		h.fail(w, err)
	}
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON encodes the members one after another.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}
