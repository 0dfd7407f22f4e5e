package web

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
)

// mount is a route where it stands: what is known of it before any request.
type mount struct {
	h        *Handler
	method   string // "" = any.
	route    string // The label of metrics, spans and logs.
	internal bool
	quiet    bool // A probe or a page: no span, logged for debugging only.
	next     http.Handler
	spans    map[string]*spanStart // By method.
}

func (h *Handler) mount(method, route string, next http.Handler) *mount {
	m := &mount{h: h, method: method, route: route, spans: map[string]*spanStart{}}
	methods := []string{method}
	switch method {
	case http.MethodGet:
		methods = append(methods, http.MethodHead)
	case "":
		methods = knownMethods[:]
	}
	for _, method := range methods {
		m.spans[method] = newSpanStart(method, route)
	}
	m.next = h.cors.Handler(h.limited(next))
	return m
}

// ServeHTTP serves a request by its route and reports it: ids, span, metrics,
// access log. A panic is answered 500.
func (m *mount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := m.h
	start := time.Now()
	method := methodLabel(r.Method)
	active := h.metrics.active(method)
	active.Inc()

	x := &exchange{ResponseWriter: w, mount: m}
	ctx, span := m.trace(r.Context(), r.Header, method)
	if sc := span.SpanContext(); sc.HasTraceID() {
		x.traceID = sc.TraceID().String()
	} else {
		x.traceID = randomID()
	}
	id := requestID(r.Header)
	if id == "" {
		id = h.newID()
	}
	ctx = telemetry.WithRequestID(ctx, id)
	x.r = r.WithContext(ctx)

	header := w.Header()
	x.requestHeader[0], x.traceHeader[0] = id, x.traceID
	header["X-Request-Id"] = x.requestHeader[:]
	header["X-Trace-Id"] = x.traceHeader[:]
	header["X-Content-Type-Options"] = noSniff

	defer func() {
		broken := x.recovered(ctx, recover())
		active.Dec()
		if x.status == 0 {
			x.status = http.StatusOK // What net/http sends for a handler that wrote nothing.
		}
		end := time.Now()
		duration := end.Sub(start)
		telemetry.Observe(ctx, h.metrics.duration(m, method, x.status), duration.Seconds())
		x.end(span)
		x.log(ctx, method, end, duration)
		if broken {
			panic(http.ErrAbortHandler) // Closes the connection: the client must not take half a body for a whole one.
		}
	}()
	m.next.ServeHTTP(x, x.r)
}

// trace starts the span of a request, the child of the caller's, if it has one. A probe
// or a page has ids only: what asks every few seconds would fill every trace
// store.
func (m *mount) trace(ctx context.Context, h http.Header, method string) (context.Context, trace.Span) {
	ctx = m.h.cfg.Tel.Propagator.Extract(ctx, carrier(h))
	if m.quiet {
		if !trace.SpanContextFromContext(ctx).IsValid() {
			ctx = trace.ContextWithSpanContext(ctx, unrecorded())
		}
		return ctx, trace.SpanFromContext(ctx)
	}
	return m.spans[method].start(ctx, m.h.cfg.Tel.Tracer)
}
