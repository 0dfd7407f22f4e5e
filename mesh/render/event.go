package render

import (
	accesslog "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	matcher "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// event is a kind of refusal that has lines of its own in the access log: who was
// kept out is told there and nowhere else.
type event struct {
	name string
	is   []*accesslog.AccessLogFilter // One of them is true for the event.
	not  []*accesslog.AccessLogFilter // All of them are true for everything else.
}

// events are those that a listener may have to tell of.
func (b *builder) events(listener string) []event {
	switch {
	case b.edge():
		refused := event{name: "path_refused"}
		for _, start := range b.p.Edge.Refuse {
			refused.is = append(refused.is, pathBegins(start, false))
			refused.not = append(refused.not, pathBegins(start, true))
		}
		limited := event{
			name: "rate_limited",
			is:   []*accesslog.AccessLogFilter{status(accesslog.ComparisonFilter_EQ, 429)},
			not:  []*accesslog.AccessLogFilter{status(accesslog.ComparisonFilter_NE, 429)},
		}
		if len(refused.is) == 0 {
			return []event{limited}
		}
		return []event{limited, refused}
	case listener == inboundName:
		return []event{{
			name: "call_refused",
			is:   []*accesslog.AccessLogFilter{ruled("denied", false)},
			not:  []*accesslog.AccessLogFilter{ruled("allowed", true)},
		}}
	}
	return nil
}

// pathBegins is true for requests whose path begins so in any case, or for all
// others.
func pathBegins(start string, others bool) *accesslog.AccessLogFilter {
	return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_HeaderFilter{HeaderFilter: &accesslog.HeaderFilter{
		Header: &route.HeaderMatcher{
			Name: ":path", InvertMatch: others,
			HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{StringMatch: &matcher.StringMatcher{
				MatchPattern: &matcher.StringMatcher_Prefix{Prefix: start}, IgnoreCase: true,
			}},
		},
	}}}
}

// ruled is true for calls that the rules have judged so. Others are those that the
// rules have not come to.
func ruled(result string, others bool) *accesslog.AccessLogFilter {
	return &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_MetadataFilter{MetadataFilter: &accesslog.MetadataFilter{
		Matcher: &matcher.MetadataMatcher{
			Filter: "envoy.filters.http.rbac",
			Path: []*matcher.MetadataMatcher_PathSegment{{
				Segment: &matcher.MetadataMatcher_PathSegment_Key{Key: rulesPrefix + "enforced_engine_result"},
			}},
			Value: &matcher.ValueMatcher{MatchPattern: &matcher.ValueMatcher_StringMatch{StringMatch: exactly(result)}},
		},
		MatchIfKeyNotFound: wrapperspb.Bool(others),
	}}}
}
