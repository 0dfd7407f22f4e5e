package render

import (
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	ratelimit "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	local "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/local_ratelimit/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	rateLimitFilter = "local_ratelimit"
	// clientKey is what tells clients apart: an IPv4 address, or the /64 network of
	// an IPv6 one, which is what one household has.
	clientKey = "masked_remote_address"
)

// rateLimiter makes the rates of routes work; by itself it limits nothing.
func (b *builder) rateLimiter() *hcm.HttpFilter {
	return b.filter(rateLimitFilter, &local.LocalRateLimit{StatPrefix: "rate"})
}

// rate lets each client send so many requests a minute, also all at once.
func (b *builder) rate(perMinute int) map[string]*anypb.Any {
	bucket := &typev3.TokenBucket{
		MaxTokens: uint32(perMinute), TokensPerFill: number(perMinute), FillInterval: duration(time.Minute),
	}
	always := &core.RuntimeFractionalPercent{
		DefaultValue: &typev3.FractionalPercent{Numerator: 100}, RuntimeKey: "mesh.rate_limits_percent",
	}
	return map[string]*anypb.Any{"envoy.filters.http." + rateLimitFilter: b.any(&local.LocalRateLimit{
		StatPrefix: "rate",
		// The bucket of all clients together is not asked; Envoy wants one.
		TokenBucket:                     bucket,
		AlwaysConsumeDefaultTokenBucket: no(),
		FilterEnabled:                   always,
		FilterEnforced:                  always,
		RateLimits: []*route.RateLimit{{Actions: []*route.RateLimit_Action{{
			ActionSpecifier: &route.RateLimit_Action_MaskedRemoteAddress_{MaskedRemoteAddress: &route.RateLimit_Action_MaskedRemoteAddress{
				V4PrefixMaskLen: number(32), V6PrefixMaskLen: number(64),
			}},
		}}}},
		Descriptors: []*ratelimit.LocalRateLimitDescriptor{{
			Entries:     []*ratelimit.RateLimitDescriptor_Entry{{Key: clientKey}}, // Without a value: a bucket for each.
			TokenBucket: bucket,
		}},
		MaxDynamicDescriptors:   number(b.p.Edge.Limits.Clients), // 20 otherwise.
		EnableXRatelimitHeaders: ratelimit.XRateLimitHeadersRFCVersion_DRAFT_VERSION_03,
		EnableRetryAfterHeader:  true,
	})}
}
