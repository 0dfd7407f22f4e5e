package render

import (
	"strings"
	"time"

	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	previous "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"

	"shop/mesh/policy"
)

// flagsHeader is in an answer that a sidecar gives in the place of its
// application, and says why: Envoy's flags. So the caller's Envoy knows whether
// the request got as far as the application. The public does not see it.
const flagsHeader = "x-mesh-flags"

// Flags by which a request has not reached the application (no connection, none
// allowed), and by which the connection broke over it.
const (
	flagsUnreached = "UF|UH|UO"
	flagsBroken    = "UC|UR|LR"
)

// selections is how often a replica is drawn until it is another one. Of two the
// same comes up three times in four while the other has more to do, and the replica
// that fails at once has nothing to do. A draw costs nanoseconds.
const selections = 100

// retries says what is tried again, on another replica where there is one.
func (b *builder) retries(r policy.Retry, try time.Duration) *route.RetryPolicy {
	if r.Retries == 0 {
		return nil
	}
	var on, flags []string
	for _, reason := range r.On {
		switch reason {
		case policy.Connection:
			on = append(on, "connect-failure", "refused-stream", "reset-before-request", "retriable-headers")
			flags = append(flags, flagsUnreached)
		case policy.Reset:
			on = append(on, "reset", "retriable-headers")
			flags = append(flags, flagsBroken)
		case policy.Gateway:
			on = append(on, "gateway-error")
		}
	}
	retry := &route.RetryPolicy{
		RetryOn: strings.Join(sortedSet(on), ","), NumRetries: number(r.Retries),
		RetryBackOff: &route.RetryPolicy_RetryBackOff{
			BaseInterval: duration(b.p.Upstream.Backoff.Base), MaxInterval: duration(b.p.Upstream.Backoff.Max),
		},
		RetryHostPredicate: []*route.RetryPolicy_RetryHostPredicate{{
			Name:       "envoy.retry_host_predicates.previous_hosts",
			ConfigType: &route.RetryPolicy_RetryHostPredicate_TypedConfig{TypedConfig: b.any(&previous.PreviousHostsPredicate{})},
		}},
		HostSelectionRetryMaxAttempts: selections,
	}
	if len(flags) > 0 {
		retry.RetriableHeaders = []*route.HeaderMatcher{{
			Name:                 flagsHeader,
			HeaderMatchSpecifier: &route.HeaderMatcher_StringMatch{StringMatch: pattern("(" + alternatives(flags) + ")(,.*)?")},
		}}
	}
	if try > 0 {
		retry.PerTryTimeout = duration(try)
	}
	return retry
}
