// Package telemetry is one service's logger, metrics registry and tracer, made
// once and passed to whatever needs it. It sets no global of slog, Prometheus
// or OpenTelemetry, so several services live in one process side by side.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope names this system's own instrumentation in spans.
const scope = "shop/kit"

// Telemetry is what one service reports through. Its fields are never nil.
type Telemetry struct {
	Service string
	Version string

	// Log writes one JSON object a line with time, level, service, msg and, from
	// the context of the call, trace_id, span_id and request_id.
	Log *slog.Logger
	// Registry holds every metric of the service; Admin serves it.
	Registry *prometheus.Registry
	// Tracer starts spans. Their ids are valid also when nothing is exported.
	Tracer trace.Tracer
	// Provider is for instrumentation libraries that make their own tracer.
	Provider trace.TracerProvider
	// Propagator reads and writes W3C traceparent and tracestate.
	Propagator propagation.TextMapPropagator

	shutdown func(context.Context) error
}

// Config says who reports and where to.
type Config struct {
	Service  string // "order": the metric, log and trace name of the service.
	Version  string
	Revision string // Version control's commit; "" is "unknown".
	Level    string // See ParseLevel; "" is info.
	// LogWriter receives the log; nil is standard output.
	LogWriter io.Writer
	// Processors, when there are any, receive every span in place of the exporter
	// that the environment names. For tests.
	Processors []sdktrace.SpanProcessor
}

// New returns the telemetry of one service. Spans are exported as the standard
// OTEL_* variables say: when OTEL_TRACES_EXPORTER or an OTLP endpoint is set and
// OTEL_SDK_DISABLED is not true. The error names the faulty setting.
func New(ctx context.Context, cfg Config) (*Telemetry, error) {
	level, err := ParseLevel(cfg.Level)
	if err != nil {
		return nil, err
	}
	w := cfg.LogWriter
	if w == nil {
		w = os.Stdout
	}
	log := NewLogger(w, level, cfg.Service)
	provider, err := newProvider(ctx, cfg, log)
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	registry, err := newRegistry(cfg)
	if err != nil {
		return nil, errors.Join(err, provider.Shutdown(ctx))
	}
	return &Telemetry{
		Service:    cfg.Service,
		Version:    cfg.Version,
		Log:        log,
		Registry:   registry,
		Tracer:     provider.Tracer(scope),
		Provider:   provider,
		Propagator: propagation.TraceContext{},
		shutdown:   provider.Shutdown,
	}, nil
}

// Nop returns telemetry for tests: it discards logs, exports nothing and has an
// empty registry of its own. Ids of traces are valid.
func Nop() *Telemetry {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(silent()))
	return &Telemetry{
		Service:    "test",
		Version:    "0",
		Log:        slog.New(slog.DiscardHandler),
		Registry:   prometheus.NewRegistry(),
		Tracer:     provider.Tracer(scope),
		Provider:   provider,
		Propagator: propagation.TraceContext{},
		shutdown:   provider.Shutdown,
	}
}

// Shutdown exports what is still buffered and stops exporting. Log and Registry
// stay usable.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if err := t.shutdown(ctx); err != nil {
		return fmt.Errorf("flush spans: %w", err)
	}
	return nil
}
