package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	healthcheck "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/health_check/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"shop/mesh/policy"
)

// inboundName is what the way in from the mesh is called.
const inboundName = "inbound"

// inbound is the one way in to an application: from identities that the policy
// knows, to what it allows them.
func (b *builder) inbound() *listener.Listener {
	const name = inboundName
	m := b.trusted(name)
	// What the application reads of its caller, and nobody else can write.
	m.ForwardClientCertDetails = hcm.HttpConnectionManager_SANITIZE_SET
	m.SetCurrentClientCertDetails = &hcm.HttpConnectionManager_SetCurrentClientCertDetails{Uri: true}
	m.LocalReplyConfig = b.localReplies()
	m.Tracing = b.tracing(inward)
	m.HttpFilters = []*hcm.HttpFilter{
		b.filter("rbac", b.rules()),
		// Lets a draining Envoy fail the checks of its callers at once.
		b.filter("health_check", &healthcheck.HealthCheck{
			PassThroughMode: yes(),
			Headers: []*route.HeaderMatcher{{
				Name:                 ":path",
				HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{StringMatch: exactly(string(b.p.Upstream.Health.Path))},
			}},
		}),
		b.router(true),
	}
	m.RouteSpecifier = &hcm.HttpConnectionManager_RouteConfig{RouteConfig: &route.RouteConfiguration{
		Name: name, VirtualHosts: []*route.VirtualHost{b.inboundHost()},
	}}
	return b.listen(name, b.at.Inbound, core.TrafficDirection_INBOUND, b.downstream(b.peers()), m)
}

// peers are the identities that may connect to this service at all.
func (b *builder) peers() []string {
	peers := []string{b.p.Identity(policy.EdgeName)}
	for _, caller := range b.p.Callers(b.workload) {
		peers = append(peers, b.p.Identity(caller))
	}
	return peers
}

// inboundHost is the way to the application. Every route ends a little sooner
// than the one who asks stops waiting.
func (b *builder) inboundHost() *route.VirtualHost {
	sooner := b.p.Sidecar.Inward
	host := &route.VirtualHost{Name: "mesh", Domains: []string{"*"}}
	health := b.route(string(b.p.Upstream.Health.Path), appCluster, b.p.Upstream.Health.Timeout, 0, policy.Retry{})
	health.Match = exactPath(b.p.Upstream.Health.Path)
	health.Tracing = untraced()
	host.Routes = append(host.Routes, health)
	for _, path := range b.paths() {
		r := b.route(string(path.path), appCluster, path.timeout-sooner, 0, policy.Retry{})
		r.Match = &route.RouteMatch{PathSpecifier: &route.RouteMatch_SafeRegex{SafeRegex: regex(path.path.Pattern() + "/?")}}
		host.Routes = append(host.Routes, r)
		count(host, path.path, path.methods...)
	}
	rest := b.route("rest", appCluster, b.p.Edge.Rest.Timeout-sooner, 0, policy.Retry{})
	rest.Match = &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}}
	host.Routes = append(host.Routes, rest)
	return host
}

// timed is a path of this service whose timeout the policy names.
type timed struct {
	path    policy.Path
	methods []string
	timeout time.Duration // The longest that anybody waits.
}

// paths returns the paths with a timeout of their own.
func (b *builder) paths() []timed {
	var list []timed
	note := func(path policy.Path, method string, timeout time.Duration) {
		for i := range list {
			if list[i].path == path {
				list[i].timeout = max(list[i].timeout, timeout)
				if method != "" {
					list[i].methods = sortedSet(append(list[i].methods, method))
				}
				return
			}
		}
		t := timed{path: path, timeout: timeout}
		if method != "" {
			t.methods = []string{method}
		}
		list = append(list, t)
	}
	for path, public := range b.p.Public(b.workload) {
		note(path, "", public.Timeout)
	}
	for _, caller := range b.p.Callers(b.workload) {
		for r, call := range b.p.Between(caller, b.workload) {
			note(r.Path, r.Method, call.Timeout)
		}
	}
	return list
}

// count makes figures of host's requests for one path, named after its last fixed
// word: validate_token for /validate-token, settle for
// /internal/reservations/{id}/settle. Of two paths that end alike the second has
// the name of the whole path.
func count(host *route.VirtualHost, path policy.Path, methods ...string) {
	match := &route.HeaderMatcher{Name: ":path", HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{
		StringMatch: pattern(path.Pattern() + `/?(\?.*)?`),
	}}
	v := &route.VirtualCluster{Name: counted(path), Headers: []*route.HeaderMatcher{match}}
	if len(methods) > 0 {
		v.Headers = append(v.Headers, methodIs(methods...))
	}
	if slices.ContainsFunc(host.GetVirtualClusters(), func(o *route.VirtualCluster) bool { return o.GetName() == v.GetName() }) {
		v.Name = figure(string(path))
	}
	host.VirtualClusters = append(host.VirtualClusters, v)
}

// counted is what the figures of path are called.
func counted(path policy.Path) string {
	for _, word := range slices.Backward(strings.Split(string(path), "/")) {
		if name := figure(word); name != "" && !strings.HasPrefix(word, "{") {
			return name
		}
	}
	return figure(string(path))
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// figure is path as a part of a metric's name.
func figure(path string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(path), "_"), "_")
}

func exactPath(path policy.Path) *route.RouteMatch {
	if !path.Exact() {
		return &route.RouteMatch{PathSpecifier: &route.RouteMatch_SafeRegex{SafeRegex: regex(path.Pattern())}}
	}
	return &route.RouteMatch{PathSpecifier: &route.RouteMatch_Path{Path: string(path)}, CaseSensitive: wrapperspb.Bool(true)}
}

// named is what a rule for one route of one caller is called in figures.
func named(caller string, r policy.Route) string {
	return fmt.Sprintf("%s_%s_%s", caller, strings.ToLower(r.Method), figure(string(r.Path)))
}
