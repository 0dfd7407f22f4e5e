package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// ParseLevel reads a log level: debug, info, warn or error in any case, and the
// names that Python's logging has for them (warning, critical). "" is info.
func ParseLevel(s string) (slog.Level, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error", "critical", "fatal":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log level %q is none of debug, info, warn, error", s)
}

// NewLogger returns a logger of service that writes JSON lines to w, adds the
// ids of the context and masks what must not be read in a log. New makes one;
// it stands alone for what happens before a service has its telemetry.
func NewLogger(w io.Writer, level slog.Leveler, service string) *slog.Logger {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: Redact})
	return slog.New(contextual{root: h.WithAttrs([]slog.Attr{slog.String("service", service)})})
}

// contextual adds the ids of the context to every record, at the top level also
// for loggers with an open group.
type contextual struct {
	root slog.Handler
	// What followed root, in order, once a group was opened.
	steps []func(slog.Handler) slog.Handler
}

func (h contextual) Enabled(ctx context.Context, l slog.Level) bool { return h.root.Enabled(ctx, l) }

func (h contextual) Handle(ctx context.Context, r slog.Record) error {
	if len(h.steps) == 0 {
		r.AddAttrs(ids(ctx)...)
		return h.root.Handle(ctx, r)
	}
	inner := h.root.WithAttrs(ids(ctx))
	for _, step := range h.steps {
		inner = step(inner)
	}
	return inner.Handle(ctx, r)
}

func (h contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.steps) == 0 {
		return contextual{root: h.root.WithAttrs(attrs)}
	}
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

func (h contextual) WithGroup(name string) slog.Handler {
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h contextual) then(step func(slog.Handler) slog.Handler) slog.Handler {
	return contextual{root: h.root, steps: append(h.steps[:len(h.steps):len(h.steps)], step)}
}

func ids(ctx context.Context) []slog.Attr {
	attrs := make([]slog.Attr, 0, 3)
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		attrs = append(attrs, slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	if id := RequestID(ctx); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	return attrs
}
