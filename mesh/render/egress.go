package render

import (
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// egress is where the application calls one other service: what the policy
// allows, with its timeouts and retries, and nothing else.
func (b *builder) egress(callee string) *listener.Listener {
	name := "egress_" + callee
	m := b.trusted(name)
	m.ForwardClientCertDetails = hcm.HttpConnectionManager_SANITIZE
	m.EarlyHeaderMutationExtensions = b.strip("x-envoy-*")
	m.LocalReplyConfig = b.appReplies()
	m.Tracing = b.tracing(outward)
	// Here the application may know that Envoy answered, and how often it tried.
	m.HttpFilters = []*hcm.HttpFilter{b.router(false)}
	host := &route.VirtualHost{Name: callee, Domains: []string{"*"}, IncludeAttemptCountInResponse: true}
	for r, call := range b.p.Between(b.workload, callee) {
		to := b.route(string(r.Path), callee, call.Timeout, call.TryTimeout, call.Retry)
		to.Match = exactPath(r.Path)
		to.Match.Headers = []*route.HeaderMatcher{methodIs(r.Method)}
		// Its own name, not the one of this listener.
		to.GetRoute().HostRewriteSpecifier = &route.RouteAction_HostRewriteLiteral{HostRewriteLiteral: callee}
		host.Routes = append(host.Routes, to)
		count(host, r.Path, r.Method)
	}
	// 403, as the callee would say: a 404 would be taken for the callee's own.
	host.Routes = append(host.Routes, &route.Route{
		Name:   "refused",
		Match:  &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}},
		Action: &route.Route_DirectResponse{DirectResponse: &route.DirectResponseAction{Status: 403}},
	})
	m.RouteSpecifier = &hcm.HttpConnectionManager_RouteConfig{RouteConfig: &route.RouteConfiguration{
		Name: name, VirtualHosts: []*route.VirtualHost{host},
	}}
	return b.listen(name, b.at.Egress[callee], core.TrafficDirection_OUTBOUND, nil, m)
}
