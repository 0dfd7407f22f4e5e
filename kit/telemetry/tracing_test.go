package telemetry_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// clearOTel makes the environment of the developer's shell irrelevant.
func clearOTel(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
	} {
		t.Setenv(name, "")
	}
}

func newTelemetry(t *testing.T, log *testBuffer) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(t.Context(), telemetry.Config{Service: "order", Version: "1.2.3", LogWriter: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = tel.Shutdown(ctx) // Its error is what some tests provoke.
	})
	return tel
}

func TestSpansAreExportedOnlyWhenTheEnvironmentSaysSo(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing said":                 {nil, false},
		"an endpoint":                  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true},
		"an endpoint of traces":        {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, true},
		"an exporter":                  {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"no exporter, but an endpoint": {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false},
		"disabled":                     {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false},
		"disabled, as Python writes":   {map[string]string{"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "otlp"}, false},
		"not disabled":                 {map[string]string{"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp"}, true},
		"sampler says never":           {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "always_off"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clearOTel(t)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			tel := newTelemetry(t, new(testBuffer))
			ctx, span := tel.Tracer.Start(t.Context(), "x")
			if got := span.IsRecording(); got != tt.want {
				t.Errorf("recording = %t, want %t", got, tt.want)
			}
			if id := telemetry.TraceID(ctx); len(id) != 32 {
				t.Errorf("trace id %q is no trace id", id)
			}
		})
	}
}

func TestAnUnknownExporterIsAFault(t *testing.T) {
	clearOTel(t)
	t.Setenv("OTEL_TRACES_EXPORTER", "pigeon")
	_, err := telemetry.New(t.Context(), telemetry.Config{Service: "order"})
	if err == nil {
		t.Fatal("no error")
	}
}

func TestSpansReachTheCollectorByShutdown(t *testing.T) {
	clearOTel(t)
	collector := testkit.HTTPSink(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop")
	t.Setenv("OTEL_SERVICE_NAME", "everything")
	tel := newTelemetry(t, new(testBuffer))
	_, span := tel.Tracer.Start(t.Context(), "order.place")
	span.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	requests := collector.Requests()
	if len(requests) != 1 || requests[0].Path != "/v1/traces" {
		t.Fatalf("collector got %v", requests)
	}
	var export coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(requests[0].Body, &export); err != nil {
		t.Fatal(err)
	}
	resource := map[string]string{}
	for _, a := range export.GetResourceSpans()[0].GetResource().GetAttributes() {
		resource[a.GetKey()] = a.GetValue().GetStringValue()
	}
	for k, want := range map[string]string{"service.name": "order", "service.version": "1.2.3", "service.namespace": "shop"} {
		if resource[k] != want {
			t.Errorf("resource %s = %q, want %q", k, resource[k], want)
		}
	}
	if got := export.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName(); got != "order.place" {
		t.Errorf("span %q", got)
	}
}

func TestACollectorThatIsAwayIsToldOnce(t *testing.T) {
	clearOTel(t)
	collector := testkit.HTTPSink(t)
	collector.Script(
		testkit.Answer{Status: http.StatusBadRequest}, testkit.Answer{Status: http.StatusBadRequest},
		testkit.Answer{Status: http.StatusOK},
	)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	log := new(testBuffer)
	tel := newTelemetry(t, log)
	flush := tel.Provider.(interface{ ForceFlush(context.Context) error })
	for range 3 {
		_, span := tel.Tracer.Start(t.Context(), "x")
		span.End()
		if err := flush.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.count("spans are not exported"); got != 1 {
		t.Errorf("told %d times that spans are lost: %s", got, log)
	}
	if got := log.count("spans are exported again"); got != 1 {
		t.Errorf("told %d times that it works again: %s", got, log)
	}
}

func TestASilentServiceKeepsTheTraceOfItsCaller(t *testing.T) {
	clearOTel(t)
	tel := newTelemetry(t, new(testBuffer))
	for _, header := range []string{
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
	} {
		in := propagation.MapCarrier{"traceparent": header}
		ctx, span := tel.Tracer.Start(tel.Propagator.Extract(t.Context(), in), "x", trace.WithSpanKind(trace.SpanKindServer))
		out := propagation.MapCarrier{}
		tel.Propagator.Inject(ctx, out)
		got := out.Get("traceparent")
		if got[:36] != header[:36] || got[len(got)-2:] != header[len(header)-2:] || got == header {
			t.Errorf("in %s, out %s: want the trace and its flags, and a span of our own", header, got)
		}
		span.End()
	}
}

func TestSpansThatAreNotExportedCostNextToNothing(t *testing.T) {
	clearOTel(t)
	tel := newTelemetry(t, new(testBuffer))
	ctx := t.Context()
	allocations := testing.AllocsPerRun(1000, func() {
		_, span := tel.Tracer.Start(ctx, "x")
		span.End()
	})
	if allocations > 3 { // The span, its context and the sampler's parameters.
		t.Errorf("%v allocations a span", allocations)
	}
}

func BenchmarkSpanNotExported(b *testing.B) {
	tel := telemetry.Nop()
	b.ReportAllocs()
	for b.Loop() {
		_, span := tel.Tracer.Start(b.Context(), "x")
		span.End()
	}
}
