package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
)

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
	h.document(r.Context(), w, Reply{Body: body, Status: status, Header: header})
}

// livez answers as long as the process can answer.
func (h *Handler) livez(w http.ResponseWriter, r *http.Request) {
	h.document(r.Context(), w, JSON(map[string]string{"status": "alive"}))
}

// readyz answers 200 while a request would be served: the critical dependencies
// answer and the service is not shutting down.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		h.fail(r.Context(), w, errNotReady.Wrap(errors.New("shutting down")))
		return
	}
	for _, result := range h.probes.run(r.Context(), func(c Check) bool { return c.Critical }) {
		if !result.up {
			h.fail(r.Context(), w, errNotReady)
			return
		}
	}
	h.document(r.Context(), w, JSON(map[string]string{"status": "ready"}))
}

// welcome is the page at /.
func (h *Handler) welcome() http.Handler {
	body := object{
		{"message", "Welcome to " + h.cfg.Service + " API"}, {"service", h.cfg.Service}, {"version", h.cfg.Version},
		{"docs", "/docs"}, {"redoc", "/redoc"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.document(r.Context(), w, JSON(body)) })
}

// document sends a page of the platform.
func (h *Handler) document(ctx context.Context, w http.ResponseWriter, r Reply) {
	w.Header()["Cache-Control"] = []string{"no-store"}
	if err := exchangeOf(w).reply(r, http.StatusOK); err != nil {
		h.log.ErrorContext(ctx, "page does not encode", "error", err)
		h.fail(ctx, w, err)
	}
}
