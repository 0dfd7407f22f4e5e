package render

import (
	"time"

	mutation "github.com/envoyproxy/go-control-plane/envoy/config/common/mutation_rules/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	earlymutation "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"
	requestid "github.com/envoyproxy/go-control-plane/envoy/extensions/request_id/uuid/v3"
	"strings"

	"shop/mesh/policy"
)

// manager is what all listeners do with HTTP: paths in their shortest form before
// anything looks at them, no escaped slashes, no header that could be read in two
// ways, no waiting for ever.
func (b *builder) manager(name string) *hcm.HttpConnectionManager {
	t := b.p.Edge.Timeouts
	return &hcm.HttpConnectionManager{
		StatPrefix:    name,
		CodecType:     hcm.HttpConnectionManager_AUTO,
		NormalizePath: yes(), MergeSlashes: true,
		PathWithEscapedSlashesAction: hcm.HttpConnectionManager_REJECT_REQUEST,
		CommonHttpProtocolOptions: &core.HttpProtocolOptions{
			HeadersWithUnderscoresAction: core.HttpProtocolOptions_REJECT_REQUEST,
		},
		Http2ProtocolOptions: &core.Http2ProtocolOptions{
			MaxConcurrentStreams:        number(1000),
			InitialStreamWindowSize:     number(256 << 10),
			InitialConnectionWindowSize: number(1 << 20),
		},
		RequestHeadersTimeout: duration(t.Headers),
		StreamIdleTimeout:     duration(t.Stream),
		DrainTimeout:          duration(t.Drain),
		// Nobody's address makes him one whose x-envoy-* headers are obeyed: this one
		// is of a network for documentation. Without it all private addresses would.
		InternalAddressConfig: &hcm.HttpConnectionManager_InternalAddressConfig{
			CidrRanges: []*core.CidrRange{{AddressPrefix: "192.0.2.255", PrefixLen: number(32)}},
		},
		RequestIdExtension: &hcm.RequestIDExtension{TypedConfig: b.any(&requestid.UuidRequestIdConfig{PackTraceReason: no()})},
		// The application's name for itself, or none.
		ServerHeaderTransformation: hcm.HttpConnectionManager_PASS_THROUGH,
		AccessLog:                  b.accessLog(name),
	}
}

// trusted is what listeners within the mesh do besides: they believe what the
// one before them says about the request.
func (b *builder) trusted(name string) *hcm.HttpConnectionManager {
	m := b.manager(name)
	limits := b.p.Edge.Limits
	// A bit more than the edge lets in: it adds headers.
	m.MaxRequestHeadersKb = number(limits.HeaderBytes/policy.KiB + 16)
	m.CommonHttpProtocolOptions.MaxHeadersCount = number(limits.Headers + 32)
	m.CommonHttpProtocolOptions.IdleTimeout = duration(inboundIdle)
	m.UseRemoteAddress, m.SkipXffAppend, m.PreserveExternalRequestId = no(), true, true
	return m
}

// inboundIdle is how long a connection within the mesh may lie idle: the caller
// ends it sooner.
const inboundIdle = 5 * time.Minute

// strip removes headers before anything looks at them.
func (b *builder) strip(names ...string) []*core.TypedExtensionConfig {
	var rules []*mutation.HeaderMutation
	for _, name := range names {
		if start, all := strings.CutSuffix(name, "*"); all {
			rules = append(rules, &mutation.HeaderMutation{Action: &mutation.HeaderMutation_RemoveOnMatch_{
				RemoveOnMatch: &mutation.HeaderMutation_RemoveOnMatch{KeyMatcher: beginning(start)},
			}})
			continue
		}
		rules = append(rules, &mutation.HeaderMutation{Action: &mutation.HeaderMutation_Remove{Remove: name}})
	}
	if len(rules) == 0 {
		return nil
	}
	return []*core.TypedExtensionConfig{{
		Name:        "envoy.http.early_header_mutation.header_mutation",
		TypedConfig: b.any(&earlymutation.HeaderMutation{Mutations: rules}),
	}}
}

// filter is one step of a request's way.
func (b *builder) filter(name string, m message) *hcm.HttpFilter {
	return &hcm.HttpFilter{
		Name:       "envoy.filters.http." + name,
		ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: b.any(m)},
	}
}

// router is the last step. quiet keeps what Envoy knows of the call away from the
// one who gets the answer.
func (b *builder) router(quiet bool) *hcm.HttpFilter {
	return b.filter("router", &router.Router{SuppressEnvoyHeaders: quiet})
}

// listen is a listener with one chain.
func (b *builder) listen(name, addr string, direction core.TrafficDirection, socket *core.TransportSocket, m *hcm.HttpConnectionManager) *listener.Listener {
	l := &listener.Listener{
		Name: name, StatPrefix: name, Address: address(addr), TrafficDirection: direction,
		PerConnectionBufferLimitBytes: number(256 << 10),
		FilterChains: []*listener.FilterChain{{
			Filters: []*listener.Filter{{
				Name:       "envoy.filters.network.http_connection_manager",
				ConfigType: &listener.Filter_TypedConfig{TypedConfig: b.any(m)},
			}},
			TransportSocket: socket,
		}},
	}
	if socket != nil {
		l.FilterChains[0].TransportSocketConnectTimeout = duration(handshakeTime)
	}
	return l
}
