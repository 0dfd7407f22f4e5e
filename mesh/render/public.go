package render

import (
	"maps"
	"slices"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	buffer "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/buffer/v3"
	tometadata "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_to_metadata/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"shop/mesh/policy"
)

// public is the edge's listener for one service.
func (b *builder) public(service string) *listener.Listener {
	name := "public_" + service
	e := b.p.Edge
	m := b.manager(name)
	m.UseRemoteAddress, m.XffNumTrustedHops = yes(), uint32(e.TrustedHops)
	m.ForwardClientCertDetails = hcm.HttpConnectionManager_SANITIZE
	m.AlwaysSetRequestIdInResponse = true
	m.EarlyHeaderMutationExtensions = b.strip(e.Strip...)
	m.MaxRequestHeadersKb = number(e.Limits.HeaderBytes / policy.KiB)
	m.CommonHttpProtocolOptions.MaxHeadersCount = number(e.Limits.Headers)
	m.CommonHttpProtocolOptions.IdleTimeout = duration(e.Timeouts.Idle)
	m.Http2ProtocolOptions.MaxConcurrentStreams = number(100)
	m.RequestTimeout = duration(e.Timeouts.Body)
	m.LocalReplyConfig = b.localReplies(append(b.ids(), b.publicHeaders()...)...)
	m.Tracing = b.tracing(outside)
	m.HttpFilters = []*hcm.HttpFilter{
		b.traceID(),
		b.rateLimiter(),
		b.filter("buffer", &buffer.Buffer{MaxRequestBytes: number(e.Limits.Body)}),
		b.router(true),
	}
	m.RouteSpecifier = &hcm.HttpConnectionManager_RouteConfig{RouteConfig: &route.RouteConfiguration{
		Name:                    name,
		VirtualHosts:            []*route.VirtualHost{b.publicHost(service)},
		ResponseHeadersToAdd:    append(b.publicHeaders(), add(traceHeader, b.currentTrace())),
		ResponseHeadersToRemove: []string{flagsHeader, "x-envoy-upstream-healthchecked-cluster", "x-envoy-immediate-health-check-fail"},
	}}
	var socket *core.TransportSocket
	if b.at.PublicCerts != "" {
		socket = b.door()
	}
	return b.listen(name, b.at.Public[service], core.TrafficDirection_OUTBOUND, socket, m)
}

// publicHost is the way to one service: what is refused, the paths with rules of
// their own, reads, the rest.
func (b *builder) publicHost(service string) *route.VirtualHost {
	rest := b.p.Edge.Rest
	host := &route.VirtualHost{
		Name: service, Domains: []string{"*"},
		// All routes without a rate of their own share this one's.
		TypedPerFilterConfig: b.rate(rest.Rate),
	}
	for _, start := range b.p.Edge.Refuse {
		host.Routes = append(host.Routes, &route.Route{
			Name: "refused",
			Match: &route.RouteMatch{
				PathSpecifier: &route.RouteMatch_Prefix{Prefix: start}, CaseSensitive: wrapperspb.Bool(false),
			},
			Action: &route.Route_DirectResponse{DirectResponse: &route.DirectResponseAction{Status: 404}},
		})
	}
	retry := b.p.Edge.Retry
	for path, public := range b.p.Public(service) {
		r := b.route(string(path), service, public.Timeout, 0, retry.Rest)
		// The service takes a slash at the end for nothing.
		r.Match = &route.RouteMatch{PathSpecifier: &route.RouteMatch_SafeRegex{SafeRegex: regex(path.Pattern() + "/?")}}
		if public.Rate != rest.Rate {
			r.TypedPerFilterConfig = b.rate(public.Rate)
		}
		host.Routes = append(host.Routes, r)
	}
	reads := b.route("reads", service, rest.Timeout, 0, retry.Reads)
	reads.Match = &route.RouteMatch{
		PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}, Headers: []*route.HeaderMatcher{methodIs("GET", "HEAD")},
	}
	others := b.route("rest", service, rest.Timeout, 0, retry.Rest)
	others.Match = &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}}
	host.Routes = append(host.Routes, reads, others)
	return host
}

// publicHeaders are given to every response to the public that has not its own:
// a page of documentation knows better what it may load.
func (b *builder) publicHeaders() []*core.HeaderValueOption {
	var list []*core.HeaderValueOption
	sets := []map[string]string{b.p.Edge.Headers}
	if b.at.PublicCerts != "" {
		sets = append(sets, b.p.Edge.TLSHeaders)
	}
	for _, headers := range sets {
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			list = append(list, add(name, literal(headers[name])))
		}
	}
	return list
}

// route is the way to a service, or "app", within timeout. The caller says what
// it is for.
func (b *builder) route(name, to string, timeout, try time.Duration, retry policy.Retry) *route.Route {
	return &route.Route{
		Name: name,
		Action: &route.Route_Route{Route: &route.RouteAction{
			ClusterSpecifier: &route.RouteAction_Cluster{Cluster: to},
			Timeout:          duration(timeout),
			RetryPolicy:      b.retries(retry, try),
		}},
	}
}

func methodIs(methods ...string) *route.HeaderMatcher {
	match := exactly(methods[0])
	if len(methods) > 1 {
		match = pattern(alternatives(methods))
	}
	return &route.HeaderMatcher{Name: ":method", HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{StringMatch: match}}
}

// traceID keeps the request's id without its dashes, as the id of a trace that
// nobody records.
func (b *builder) traceID() *hcm.HttpFilter {
	return b.filter("header_to_metadata", &tometadata.Config{RequestRules: []*tometadata.Config_Rule{{
		Header: "x-request-id",
		OnHeaderPresent: &tometadata.Config_KeyValuePair{
			MetadataNamespace: traceNamespace, Key: traceKey,
			RegexValueRewrite: &matcher.RegexMatchAndSubstitute{
				Pattern: regex(`^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$`), Substitution: `\1\2\3\4\5`,
			},
		},
	}}})
}
