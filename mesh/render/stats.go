package render

import (
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// stats shows two pages of Envoy's own interface, which itself nobody beyond this
// machine may reach: it can stop Envoy.
func (b *builder) stats() *listener.Listener {
	const name = "stats"
	m := b.manager(name)
	m.AccessLog = nil
	m.HttpFilters = []*hcm.HttpFilter{b.router(true)}
	host := &route.VirtualHost{Name: name, Domains: []string{"*"}}
	for _, path := range []string{"/stats/prometheus", "/ready"} {
		page := &route.Route{
			Name: path,
			Match: &route.RouteMatch{
				PathSpecifier: &route.RouteMatch_Path{Path: path}, Headers: []*route.HeaderMatcher{methodIs("GET", "HEAD")},
			},
			Action: &route.Route_Route{Route: &route.RouteAction{
				ClusterSpecifier: &route.RouteAction_Cluster{Cluster: adminCluster},
				Timeout:          duration(5 * time.Second),
			}},
		}
		host.Routes = append(host.Routes, page)
	}
	m.RouteSpecifier = &hcm.HttpConnectionManager_RouteConfig{RouteConfig: &route.RouteConfiguration{
		Name: name, VirtualHosts: []*route.VirtualHost{host},
	}}
	l := b.listen(name, b.at.Stats, core.TrafficDirection_UNSPECIFIED, nil, m)
	// An Envoy in need is when its figures are wanted most.
	l.IgnoreGlobalConnLimit, l.BypassOverloadManager = true, true
	return l
}
