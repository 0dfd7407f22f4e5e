package render

import (
	"slices"
	"strings"
	"time"

	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	previous "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"

	"shop/mesh/policy"
)

// retries says what is tried again, on another replica where there is one.
func (b *builder) retries(r policy.Retry, try time.Duration) *route.RetryPolicy {
	if r.Retries == 0 {
		return nil
	}
	var on []string
	for _, reason := range r.On {
		switch reason {
		case policy.Connection:
			on = append(on, "connect-failure", "refused-stream", "reset-before-request")
		case policy.Reset:
			on = append(on, "reset")
		case policy.Gateway:
			on = append(on, "gateway-error")
		}
	}
	retry := &route.RetryPolicy{
		RetryOn: strings.Join(slices.Compact(on), ","), NumRetries: number(r.Retries),
		RetryBackOff: &route.RetryPolicy_RetryBackOff{
			BaseInterval: duration(b.p.Upstream.Backoff.Base), MaxInterval: duration(b.p.Upstream.Backoff.Max),
		},
		RetryHostPredicate: []*route.RetryPolicy_RetryHostPredicate{{
			Name:       "envoy.retry_host_predicates.previous_hosts",
			ConfigType: &route.RetryPolicy_RetryHostPredicate_TypedConfig{TypedConfig: b.any(&previous.PreviousHostsPredicate{})},
		}},
		HostSelectionRetryMaxAttempts: 3,
	}
	if try > 0 {
		retry.PerTryTimeout = duration(try)
	}
	return retry
}
