package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newProvider returns a provider that exports by the standard OTEL_* variables,
// or one that only makes ids.
func newProvider(ctx context.Context, cfg Config, log *slog.Logger) (*sdktrace.TracerProvider, error) {
	options := make([]sdktrace.TracerProviderOption, 0, len(cfg.Processors)+2)
	for _, p := range cfg.Processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	if len(cfg.Processors) > 0 {
		options = append(options, sdktrace.WithSampler(sdktrace.AlwaysSample()))
	} else {
		if !exporting(os.Getenv) {
			return sdktrace.NewTracerProvider(sdktrace.WithSampler(silent())), nil
		}
		exporter, err := autoexport.NewSpanExporter(ctx)
		if err != nil {
			return nil, fmt.Errorf("exporter of OTEL_TRACES_EXPORTER=%q: %w", os.Getenv("OTEL_TRACES_EXPORTER"), err)
		}
		options = append(options, sdktrace.WithBatcher(&outspoken{SpanExporter: exporter, log: log}))
	}
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(), // OTEL_RESOURCE_ATTRIBUTES
		// Last, so that these win: dashboards find a service by its own name, and
		// one OTEL_SERVICE_NAME can't name the four services of one process.
		resource.WithAttributes(
			attribute.String("service.name", cfg.Service),
			attribute.String("service.version", cfg.Version),
		),
	)
	if err != nil {
		return nil, fmt.Errorf("describe the service by OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return sdktrace.NewTracerProvider(append(options, sdktrace.WithResource(res))...), nil
}

// exporting reports whether the environment asks for spans to be sent. The
// specification's default is "otlp to localhost"; here silence is the default,
// because a service that is tried out has no collector.
func exporting(getenv func(string) string) bool {
	if strings.EqualFold(strings.TrimSpace(getenv("OTEL_SDK_DISABLED")), "true") {
		return false
	}
	switch getenv("OTEL_TRACES_EXPORTER") {
	case "none":
		return false
	case "":
		return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	default:
		return true
	}
}

// silent records no span of our own making, but keeps a caller's decision to
// sample, so that a service that doesn't export breaks no trace of others.
func silent() sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.NeverSample()) }

// outspoken reports when its exporter starts failing and when it works again, in
// the service's own log. The SDK would write to a process-wide handler.
type outspoken struct {
	sdktrace.SpanExporter
	log     *slog.Logger
	failing atomic.Bool
}

func (o *outspoken) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := o.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !o.failing.Swap(true):
		o.log.WarnContext(ctx, "spans are not exported", "error", err, "lost", len(spans))
	case err == nil && o.failing.Swap(false):
		o.log.InfoContext(ctx, "spans are exported again")
	}
	return nil // Handled: the batch is lost either way.
}
