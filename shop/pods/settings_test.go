//go:build linux || darwin

package pods

import "testing"

func TestCollector(t *testing.T) {
	for name, c := range map[string]struct {
		environ map[string]string
		want    string
	}{
		"none":                   {nil, ""},
		"gRPC":                   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317/", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "127.0.0.1:4317"},
		"gRPC for traces alone":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4317", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "jaeger:4317"},
		"HTTP":                   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ""},
		"one that asks for TLS":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ""},
		"HTTP for traces, alone": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := collector(c.environ); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
