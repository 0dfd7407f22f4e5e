package telemetry

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"
)

// Buckets returns the bounds of a latency histogram in seconds: those of
// OpenTelemetry's http.server.request.duration, finer below 5 ms where most of
// this system's calls end.
func Buckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
}

func newRegistry(cfg Config) (*prometheus.Registry, error) {
	revision := cfg.Revision
	if revision == "" {
		revision = "unknown"
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "shop_build_info",
		Help: "Always 1; its labels say what is running.",
		ConstLabels: prometheus.Labels{
			"version": cfg.Version, "revision": revision, "go_version": runtime.Version(),
		},
	})
	build.Set(1)
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build,
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of the process: %w", err)
		}
	}
	return r, nil
}

// Register returns c registered with t, or the collector that was registered as
// the same metric before, so that two users of one metric share it. A metric of
// the same name but other labels is a bug and panics at start.
func Register[C prometheus.Collector](t *Telemetry, c C) C {
	err := t.Registry.Register(c)
	if err == nil {
		return c
	}
	var before prometheus.AlreadyRegisteredError
	if errors.As(err, &before) {
		if same, ok := before.ExistingCollector.(C); ok {
			return same
		}
	}
	panic(fmt.Sprintf("telemetry: %v", err))
}

// Observe records v, with the trace id of ctx as its exemplar if that trace is
// sampled: a dot in a graph that leads to a trace which exists.
func Observe(ctx context.Context, o prometheus.Observer, v float64) {
	sc := trace.SpanContextFromContext(ctx)
	if sc.IsSampled() {
		if e, ok := o.(prometheus.ExemplarObserver); ok {
			e.ObserveWithExemplar(v, prometheus.Labels{"trace_id": sc.TraceID().String()})
			return
		}
	}
	o.Observe(v)
}
