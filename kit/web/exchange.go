package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/telemetry"
)

// maxBody is the largest request body in bytes, and the largest body that a
// Client reads.
const maxBody = 1 << 20

// mount is a route where it stands: what is known of it before any request.
type mount struct {
	h        *Handler
	method   string // "" = any.
	route    string // The label of metrics, spans and logs.
	internal bool
	quiet    bool // A probe or a page: no span, logged for debugging only.
	next     http.Handler
	spans    map[string]spanStart // By method.
}

// spanStart is the name and the options of a span, made once.
type spanStart struct {
	name    string
	options []trace.SpanStartOption
}

func (h *Handler) mount(method, route string, next http.Handler) *mount {
	m := &mount{h: h, method: method, route: route, spans: map[string]spanStart{}}
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

func newSpanStart(method, route string) spanStart {
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("url.scheme", "http"),
	}
	name := method
	if method == otherMethod {
		name = "HTTP" // What the conventions say for a method that nobody knows.
	}
	if route != "other" {
		name += " " + route
		attributes = append(attributes, attribute.String("http.route", route))
	}
	return spanStart{name, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...),
	}}
}

// exchange is one request and its response on their way: the http.ResponseWriter
// of every handler behind a mount.
type exchange struct {
	http.ResponseWriter
	r       *http.Request
	mount   *mount
	traceID string
	status  int
	bytes   int64
	failure *errs.Error

	// Values of headers, kept here so that each costs no allocation of its own.
	requestHeader, traceHeader, lengthHeader [1]string
}

// exchangeOf returns the exchange that w is. Every handler is behind a mount.
func exchangeOf(w http.ResponseWriter) *exchange { return w.(*exchange) }

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// reads reports whether the request is a GET or HEAD.
func (x *exchange) reads() bool {
	return x.r.Method == http.MethodGet || x.r.Method == http.MethodHead
}

// send sends a whole body. What goes wrong now is the client's loss alone.
func (x *exchange) send(status int, contentType []string, body []byte) {
	h := x.Header()
	h["Content-Type"] = contentType
	x.lengthHeader[0] = strconv.Itoa(len(body))
	h["Content-Length"] = x.lengthHeader[:]
	x.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.Write(body)
	}
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
		duration := time.Since(start)
		telemetry.Observe(ctx, h.metrics.duration(m, method, x.status), duration.Seconds())
		x.end(span)
		x.log(ctx, method, duration)
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
	start := m.spans[method]
	return m.h.cfg.Tel.Tracer.Start(ctx, start.name, start.options...)
}

// recovered handles what recover returned and reports whether the response is
// beyond repair.
func (x *exchange) recovered(ctx context.Context, p any) (broken bool) {
	if p == nil {
		return false
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // A panic value, compared as net/http does.
		return true
	}
	x.mount.h.log.ErrorContext(ctx, "handler panicked", "route", x.mount.route,
		"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if x.status != 0 {
		return true
	}
	x.mount.h.fail(ctx, x, errs.ErrInternal)
	return false
}

// end ends the span. Only what is the server's fault makes it an error.
func (x *exchange) end(span trace.Span) {
	if x.mount.quiet {
		return
	}
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("http.response.status_code", x.status), attribute.String("url.path", x.r.URL.Path))
		if x.status >= http.StatusInternalServerError {
			reason := strconv.Itoa(x.status)
			if x.failure != nil {
				reason = x.failure.Code
			}
			span.SetAttributes(attribute.String("error.type", reason))
			span.SetStatus(codes.Error, reason)
		}
	}
	span.End()
}

// log writes the line of the access log. The path has no query: it may hold what
// must not be kept.
func (x *exchange) log(ctx context.Context, method string, duration time.Duration) {
	h, level := x.mount.h, slog.LevelInfo
	if x.mount.quiet && !h.cfg.Debug && x.status < http.StatusInternalServerError {
		level = slog.LevelDebug
	}
	if !h.log.Enabled(ctx, level) {
		return
	}
	attributes := [6]slog.Attr{
		slog.String("method", method),
		slog.String("route", x.mount.route),
		slog.Int("status", x.status),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
		slog.Int64("bytes", x.bytes),
	}
	n := 5
	if x.failure != nil {
		attributes[n] = slog.String("code", x.failure.Code)
		n++
	}
	h.log.LogAttrs(ctx, level, "request", attributes[:n]...)
}
