package render

import (
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tracev3 "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	detectors "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/resource_detectors/v3"
	tracingv3 "github.com/envoyproxy/go-control-plane/envoy/type/tracing/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"shop/mesh/policy"
)

// Where the id of an unrecorded trace is kept, and the header that tells it.
const (
	traceHeader    = "x-trace-id"
	traceNamespace = "mesh"
	traceKey       = "trace_id"
)

// side says where a listener stands.
type side uint8

const (
	outside side = iota // To the public.
	inward              // To the application.
	outward             // From the application.
)

// tracing of a listener, nil where there is no collector. Only where a request
// leaves for another service are its tries spans of their own: one more span on
// the way to the application would say nothing.
func (b *builder) tracing(s side) *hcm.HttpConnectionManager_Tracing {
	if b.at.OTLP == "" {
		return nil
	}
	random := 100 // Within the mesh the traceparent decides.
	if s == outside {
		random = b.p.Tracing.Percent
	}
	return &hcm.HttpConnectionManager_Tracing{
		CustomTags:        b.tags(s),
		RandomSampling:    percent(random),
		SpawnUpstreamSpan: wrapperspb.Bool(s != inward),
		Operation:         "%REQ(:METHOD)% %ROUTE_NAME%",
		UpstreamOperation: "%REQ(:METHOD)% %ROUTE_NAME% try %UPSTREAM_REQUEST_ATTEMPT_COUNT%",
		Provider: &tracev3.Tracing_Http{
			Name: "envoy.tracers.opentelemetry",
			ConfigType: &tracev3.Tracing_Http_TypedConfig{TypedConfig: b.any(&tracev3.OpenTelemetryConfig{
				GrpcService: &core.GrpcService{TargetSpecifier: &core.GrpcService_EnvoyGrpc_{
					EnvoyGrpc: &core.GrpcService_EnvoyGrpc{ClusterName: collectorCluster},
				}},
				ServiceName: b.logName(),
				ResourceDetectors: []*core.TypedExtensionConfig{{
					Name: "envoy.tracers.opentelemetry.resource_detectors.static_config",
					TypedConfig: b.any(&detectors.StaticConfigResourceDetectorConfig{
						Attributes: map[string]string{"service.namespace": "shop"},
					}),
				}},
			})},
		},
	}
}

// tags are attributes by the semantic conventions that the services follow, beside
// Envoy's own older ones, so that one search finds a request at every part. Of
// what Envoy notes by itself the query goes, which may hold anything, and the
// address of who asks from outside.
func (b *builder) tags(s side) []*tracingv3.CustomTag {
	values := [][2]string{
		{"http.request.method", "%REQ(:METHOD)%"},
		{"http.route", "%ROUTE_NAME%"},
		{"http.response.status_code", "%RESPONSE_CODE%"},
		{"http.url", "%REQ(:SCHEME)%://%REQ(:AUTHORITY)%%PATH(NQ)%"},
	}
	if s == outside {
		values = append(values, [2]string{"peer.address", "-"})
	}
	tags := make([]*tracingv3.CustomTag, len(values))
	for i, v := range values {
		tags[i] = &tracingv3.CustomTag{Tag: v[0], Type: &tracingv3.CustomTag_Value{Value: v[1]}}
	}
	return tags
}

// untraced is for probes, which would fill every trace store.
func untraced() *route.Tracing {
	never := &typev3.FractionalPercent{}
	return &route.Tracing{ClientSampling: never, RandomSampling: never, OverallSampling: never}
}

// currentTrace is the id of a request's trace once it has passed traceID.
func (b *builder) currentTrace() string {
	if b.at.OTLP != "" {
		return "%TRACE_ID%"
	}
	return "%DYNAMIC_METADATA(" + traceNamespace + ":" + traceKey + ")%"
}

// logName is what an Envoy is called in logs and traces. A service's has not the
// name of the application: figures made from spans would count each request
// twice.
func (b *builder) logName() string {
	if b.edge() {
		return policy.EdgeName
	}
	return b.workload + "-sidecar"
}
