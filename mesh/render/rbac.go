package render

import (
	"slices"
	"strings"

	rbac "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	filter "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"

	"shop/mesh/policy"
)

// rulesPrefix begins the names of figures and metadata about the rules.
const rulesPrefix = "mesh_"

// rules say who may send what to this service. What no rule allows is refused.
func (b *builder) rules() *filter.RBAC {
	rules := map[string]*rbac.Policy{
		// Everything but what outsiders must never reach, also when the edge was
		// mistaken about a path: whether there is such a route the application says.
		policy.EdgeName: {
			Principals:  []*rbac.Principal{identified(b.p.Identity(policy.EdgeName))},
			Permissions: []*rbac.Permission{b.passable()},
		},
	}
	var callers []*rbac.Principal
	for _, caller := range b.p.Callers(b.workload) {
		who := identified(b.p.Identity(caller))
		callers = append(callers, who)
		for r := range b.p.Between(caller, b.workload) {
			rules[named(caller, r)] = &rbac.Policy{
				Principals:  []*rbac.Principal{who},
				Permissions: []*rbac.Permission{exchange(r)},
			}
		}
	}
	if len(callers) > 0 {
		rules["health"] = &rbac.Policy{
			Principals:  callers,
			Permissions: []*rbac.Permission{exchange(policy.Route{Method: "GET", Path: b.p.Upstream.Health.Path})},
		}
	}
	return &filter.RBAC{
		RulesStatPrefix: rulesPrefix, TrackPerRuleStats: true,
		Rules: &rbac.RBAC{Action: rbac.RBAC_ALLOW, Policies: rules},
	}
}

func identified(identity string) *rbac.Principal {
	return &rbac.Principal{Identifier: &rbac.Principal_Authenticated_{
		Authenticated: &rbac.Principal_Authenticated{PrincipalName: exactly(identity)},
	}}
}

// exchange allows one method on one path, to the letter.
func exchange(r policy.Route) *rbac.Permission {
	path := exactly(string(r.Path))
	if !r.Path.Exact() {
		path = pattern(r.Path.Pattern())
	}
	return &rbac.Permission{Rule: &rbac.Permission_AndRules{AndRules: &rbac.Permission_Set{Rules: []*rbac.Permission{
		onPath(path),
		{Rule: &rbac.Permission_Header{Header: methodIs(r.Method)}},
	}}}}
}

// passable allows every path that does not begin with what the edge refuses.
func (b *builder) passable() *rbac.Permission {
	var refused []*rbac.Permission
	for _, start := range b.p.Edge.Refuse {
		refused = append(refused, onPath(&matcher.StringMatcher{
			MatchPattern: &matcher.StringMatcher_Prefix{Prefix: start}, IgnoreCase: true,
		}))
	}
	if len(refused) == 0 {
		return &rbac.Permission{Rule: &rbac.Permission_Any{Any: true}}
	}
	return &rbac.Permission{Rule: &rbac.Permission_NotRule{NotRule: &rbac.Permission{
		Rule: &rbac.Permission_OrRules{OrRules: &rbac.Permission_Set{Rules: refused}},
	}}}
}

// onPath looks at the path without its query.
func onPath(m *matcher.StringMatcher) *rbac.Permission {
	return &rbac.Permission{Rule: &rbac.Permission_UrlPath{UrlPath: &matcher.PathMatcher{
		Rule: &matcher.PathMatcher_Path{Path: m},
	}}}
}

// alternatives is a pattern for any of words.
func alternatives(words []string) string { return strings.Join(words, "|") }

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
