package mesh_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
)

// spans is a collector that keeps what it gets, by the service that sent it.
type spans struct {
	collector.UnimplementedTraceServiceServer
	mu sync.Mutex
	of map[string][]*trace.Span
}

func (s *spans) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, batch := range r.GetResourceSpans() {
		service := ""
		for _, a := range batch.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range batch.GetScopeSpans() {
			s.of[service] = append(s.of[service], scope.GetSpans()...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// named returns the spans of service with this name.
func (s *spans) named(service, name string) []*trace.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*trace.Span
	for _, span := range s.of[service] {
		if span.GetName() == name {
			found = append(found, span)
		}
	}
	return found
}

// TestSpansTellTheWayOfARequest from the edge to the application, and of a call
// with its tries. Probes are in no trace.
func TestSpansTellTheWayOfARequest(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := &spans{of: map[string][]*trace.Span{}}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, got)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)

	m := meshtest.New(t, meshtest.Policy(t, "edge: {routes: {user: {/login: {rate: 1}}}}"))
	for workload, at := range m.Places {
		at.OTLP = l.Addr().String()
		m.Places[workload] = at
	}
	m.Echo("user", nil)
	m.Start("user", "product", "edge")
	public := meshtest.Do(t, m.Public("user"), meshtest.Request{Method: "POST", URI: "/validate-token?who=mallory", Body: "{}"})
	refused := meshtest.Do(t, m.Public("user"), meshtest.Request{URI: "/internal/users/7"})
	meshtest.Do(t, m.Public("user"), meshtest.Request{Method: "POST", URI: "/login", Body: "{}"})
	limited := meshtest.Do(t, m.Public("user"), meshtest.Request{Method: "POST", URI: "/login", Body: "{}"})
	const parent = "0af7651916cd43dd8448eb211c80319c"
	meshtest.Do(t, m.Places["product"].Egress["user"], meshtest.Request{Method: "POST", URI: "/validate-token", Body: "{}", Header: map[string]string{
		"Traceparent": "00-" + parent + "-b7ad6b7169203331-01",
	}})
	const name = "POST /validate-token"
	testkit.Eventually(t, time.Minute, func() bool {
		return len(got.named("edge", name)) == 1 && len(got.named("user-sidecar", name)) == 2 && len(got.named("product-sidecar", name+" try 1")) == 1 &&
			len(got.named("edge", "GET refused")) == 1 && len(got.named("edge", "POST /login")) == 2
	}, "the spans of both requests")
	id := func(s *trace.Span) string { return hexText(s.GetTraceId()) }
	if span := got.named("edge", name)[0]; id(span) != public.Header.Get("X-Trace-Id") || len(span.GetParentSpanId()) != 0 {
		t.Errorf("the edge's span is of trace %s, the client was told %s", id(span), public.Header.Get("X-Trace-Id"))
	}
	if span, told := got.named("edge", "GET refused")[0], refused.Header.Get("X-Trace-Id"); id(span) != told {
		t.Errorf("the span of a refusal is of trace %s, the client was told %s", id(span), told)
	}
	if span, told := got.named("edge", "POST /login")[1], limited.Header.Get("X-Trace-Id"); id(span) != told || limited.Status != 429 {
		t.Errorf("the span of %d is of trace %s, the client was told %s", limited.Status, id(span), told)
	}
	traces := map[string]bool{}
	for _, span := range got.named("user-sidecar", name) {
		traces[id(span)] = true
	}
	if !traces[parent] || !traces[public.Header.Get("X-Trace-Id")] {
		t.Errorf("user's sidecar knows the traces %v", traces)
	}
	if try := got.named("product-sidecar", name+" try 1")[0]; id(try) != parent || try.GetKind() != trace.Span_SPAN_KIND_CLIENT {
		t.Errorf("the try is %v of trace %s", try.GetKind(), id(try))
	}
	attributes(t, got.named("edge", name)[0], map[string]string{
		"http.request.method": "POST", "http.route": "/validate-token", "http.response.status_code": "200",
		"http.url": "http://shop.test/validate-token", "peer.address": "-",
	})
	attributes(t, got.named("product-sidecar", name+" try 1")[0], map[string]string{
		"http.request.method": "POST", "http.route": "/validate-token", "http.response.status_code": "200",
	})
	got.mu.Lock()
	defer got.mu.Unlock()
	for service, list := range got.of {
		for _, span := range list {
			if strings.Contains(span.GetName(), "readyz") {
				t.Errorf("%s: a span of a probe", service)
			}
			if text := span.String(); strings.Contains(text, "mallory") || service == "edge" && strings.Contains(text, `"127.0.0.1"`) {
				t.Errorf("%s: a span has a query or the client's address: %s", service, text)
			}
		}
	}
}

// attributes wants these of span.
func attributes(t *testing.T, span *trace.Span, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, a := range span.GetAttributes() {
		got[a.GetKey()] = a.GetValue().GetStringValue()
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: %s is %q, want %q: %v", span.GetName(), name, got[name], value, got)
		}
	}
}

func hexText(b []byte) string {
	var text strings.Builder
	for _, c := range b {
		text.WriteString(hexOf(c))
	}
	return text.String()
}
