package render

import (
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	dnslookup "github.com/envoyproxy/go-control-plane/envoy/extensions/clusters/common/dns/v3"
	dns "github.com/envoyproxy/go-control-plane/envoy/extensions/clusters/dns/v3"
	cares "github.com/envoyproxy/go-control-plane/envoy/extensions/network/dns_resolver/cares/v3"
	upstreams "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Clusters that are no service of the mesh.
const (
	appCluster       = "app"
	adminCluster     = "admin"
	collectorCluster = "otlp"
)

// idle is how long a connection without a request is kept: shorter than the 120 s
// of an application and the inboundIdle of a sidecar, so that no request meets a
// connection that is just being closed.
const idle = 60 * time.Second

// callee is a service with all of its replicas.
func (b *builder) callee(name string) *cluster.Cluster {
	u := b.p.Upstream
	c := b.endpoints(name, b.at.Callees[name])
	c.ConnectTimeout = duration(u.ConnectTimeout)
	c.LbPolicy = cluster.Cluster_LEAST_REQUEST
	c.CommonLbConfig = &cluster.Cluster_CommonLbConfig{
		// At once. Otherwise the changes of a second are one: a replica that is tried
		// again after its ejection and fails would go on for so long.
		UpdateMergeWindow: duration(0),
		// As long as one replica is ready only those that are get requests: DNS names
		// replicas that start and that end, and Envoy would try all of them once they
		// are more than half.
		HealthyPanicThreshold: percent(1),
	}
	c.TransportSocket = b.upstream(name)
	c.TypedExtensionProtocolOptions = b.http(&upstreams.HttpProtocolOptions{
		CommonHttpProtocolOptions: &core.HttpProtocolOptions{IdleTimeout: duration(idle), MaxConnectionDuration: duration(u.MaxConnectionAge)},
		UpstreamProtocolOptions:   http2(),
	})
	c.CircuitBreakers = &cluster.CircuitBreakers{Thresholds: []*cluster.CircuitBreakers_Thresholds{{
		MaxConnections: number(u.Breaker.Connections), MaxPendingRequests: number(u.Breaker.Pending), MaxRequests: number(u.Breaker.Requests),
		RetryBudget: &cluster.CircuitBreakers_Thresholds_RetryBudget{
			BudgetPercent: percent(u.Budget.Percent), MinRetryConcurrency: number(u.Budget.Floor),
		},
		TrackRemaining: true,
	}}}
	c.OutlierDetection = b.outliers()
	c.HealthChecks = []*core.HealthCheck{b.health(name)}
	// A replica that DNS does not name any more gets nothing, healthy or not.
	c.IgnoreHealthOnHostRemoval = true
	return c
}

func (b *builder) outliers() *cluster.OutlierDetection {
	o := b.p.Upstream.Outlier
	return &cluster.OutlierDetection{
		Consecutive_5Xx:                    number(o.Failures),
		ConsecutiveGatewayFailure:          number(o.Failures),
		EnforcingConsecutiveGatewayFailure: number(100),
		SplitExternalLocalOriginErrors:     true,
		ConsecutiveLocalOriginFailure:      number(o.Unreached),
		// Too few replicas for figures of statistics.
		EnforcingSuccessRate: number(0), EnforcingLocalOriginSuccessRate: number(0),
		Interval: duration(o.Interval), BaseEjectionTime: duration(o.Ejection), MaxEjectionPercent: number(o.MaxPercent),
		// A replica that says that it is ready and fails all the same stays out.
		SuccessfulActiveHealthCheckUnejectHost: no(),
	}
}

func (b *builder) health(host string) *core.HealthCheck {
	h := b.p.Upstream.Health
	return &core.HealthCheck{
		Timeout: duration(h.Timeout), Interval: duration(h.Interval), NoTrafficInterval: duration(h.Interval),
		IntervalJitterPercent: 10,
		UnhealthyThreshold:    number(h.Unhealthy), HealthyThreshold: number(h.Healthy),
		HealthChecker: &core.HealthCheck_HttpHealthCheck_{HttpHealthCheck: &core.HealthCheck_HttpHealthCheck{
			Host: host, Path: string(h.Path), CodecClientType: typev3.CodecClientType_HTTP2,
		}},
	}
}

// app is the application beside the sidecar. It sheds what is too much for it
// itself, and nothing is tried again here.
func (b *builder) app() *cluster.Cluster {
	c := b.endpoints(appCluster, []string{b.at.App})
	c.ConnectTimeout = duration(b.p.Upstream.ConnectTimeout)
	c.TypedExtensionProtocolOptions = b.http(&upstreams.HttpProtocolOptions{
		CommonHttpProtocolOptions: &core.HttpProtocolOptions{IdleTimeout: duration(idle)},
		UpstreamProtocolOptions: &upstreams.HttpProtocolOptions_ExplicitHttpConfig_{ExplicitHttpConfig: &upstreams.HttpProtocolOptions_ExplicitHttpConfig{
			ProtocolConfig: &upstreams.HttpProtocolOptions_ExplicitHttpConfig_HttpProtocolOptions{HttpProtocolOptions: &core.Http1ProtocolOptions{}},
		}},
	})
	most := number(b.p.Sidecar.Connections)
	c.CircuitBreakers = &cluster.CircuitBreakers{Thresholds: []*cluster.CircuitBreakers_Thresholds{{
		MaxConnections: most, MaxPendingRequests: most, MaxRequests: most,
	}}}
	return c
}

// admin is Envoy's own interface.
func (b *builder) admin() *cluster.Cluster {
	c := b.static(adminCluster, &endpointv3.LbEndpoint{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{
		Endpoint: &endpointv3.Endpoint{Address: plainPipe(address(b.at.Admin))},
	}})
	c.ConnectTimeout = duration(b.p.Upstream.ConnectTimeout)
	return c
}

// plainPipe returns the address of a socket to connect to, which has no mode.
func plainPipe(a *core.Address) *core.Address {
	if pipe := a.GetPipe(); pipe != nil {
		pipe.Mode = 0
	}
	return a
}

// collector takes spans.
func (b *builder) collector() *cluster.Cluster {
	c := b.endpoints(collectorCluster, []string{b.at.OTLP})
	c.ConnectTimeout = duration(b.p.Upstream.ConnectTimeout)
	c.TypedExtensionProtocolOptions = b.http(&upstreams.HttpProtocolOptions{UpstreamProtocolOptions: http2()})
	return c
}

// endpoints is a cluster of fixed addresses, or of those behind one DNS name.
func (b *builder) endpoints(name string, addresses []string) *cluster.Cluster {
	list, byName, err := hosts(addresses)
	if err != nil {
		b.failed = append(b.failed, err)
	}
	replicas := make([]*endpointv3.LbEndpoint, len(list))
	for i, e := range list {
		replicas[i] = &endpointv3.LbEndpoint{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: socket(e)}}}
	}
	c := b.static(name, replicas...)
	if byName {
		c.ClusterDiscoveryType = &cluster.Cluster_ClusterType{ClusterType: &cluster.Cluster_CustomClusterType{
			Name: "envoy.cluster.dns",
			TypedConfig: b.any(&dns.DnsCluster{
				DnsLookupFamily: dnslookup.DnsLookupFamily_V4_PREFERRED,
				DnsRefreshRate:  duration(b.p.Upstream.DNSRefresh),
				DnsFailureRefreshRate: &dns.DnsCluster_RefreshRate{
					BaseInterval: duration(time.Second), MaxInterval: duration(5 * time.Second),
				},
				TypedDnsResolverConfig: b.resolver(),
			}),
		}}
	}
	return c
}

// A DNS server that is silent about names that it does not know must not keep an
// Envoy from its start, which waits for the first answer about every name: after so
// many tries, each of which waits twice as long as the one before, there is none.
const (
	dnsTimeout = 1 // seconds
	dnsTries   = 2
)

// resolver asks the DNS server of the place, or that of the system.
func (b *builder) resolver() *core.TypedExtensionConfig {
	c := &cares.CaresDnsResolverConfig{QueryTimeoutSeconds: wrapperspb.UInt64(dnsTimeout), QueryTries: wrapperspb.UInt32(dnsTries)}
	if b.at.DNS != "" {
		c.Resolvers = []*core.Address{address(b.at.DNS)}
		c.DnsResolverOptions = &core.DnsResolverOptions{NoDefaultSearchDomain: true}
	}
	return &core.TypedExtensionConfig{Name: "envoy.network.dns_resolver.cares", TypedConfig: b.any(c)}
}

func (b *builder) static(name string, replicas ...*endpointv3.LbEndpoint) *cluster.Cluster {
	return &cluster.Cluster{
		Name:                 name,
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_STATIC},
		LoadAssignment: &endpointv3.ClusterLoadAssignment{
			ClusterName: name, Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: replicas}},
		},
	}
}

func (b *builder) http(o *upstreams.HttpProtocolOptions) map[string]*anypb.Any {
	return map[string]*anypb.Any{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": b.any(o)}
}

// http2 finds out within seconds that the other end is gone without a word.
func http2() *upstreams.HttpProtocolOptions_ExplicitHttpConfig_ {
	return &upstreams.HttpProtocolOptions_ExplicitHttpConfig_{ExplicitHttpConfig: &upstreams.HttpProtocolOptions_ExplicitHttpConfig{
		ProtocolConfig: &upstreams.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
			Http2ProtocolOptions: &core.Http2ProtocolOptions{ConnectionKeepalive: &core.KeepaliveSettings{
				Interval: duration(15 * time.Second), Timeout: duration(3 * time.Second),
			}},
		},
	}}
}
