// Package livetest has what the live tests of Compose and of Kubernetes want alike
// of a shop that runs.
package livetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/jaegerapi"
	"shop/shop/load"
)

// share of the requests that a load was asked for must have been sent: on a busy
// machine a few are late when it ends.
const share = 0.9

// Unnoticed wants that no request of a load failed which was asked for rate requests
// a second, and that it was a load. What it wrote is out: with --json, its report in
// one line; what says what was done meanwhile.
func Unnoticed(t testing.TB, what string, rate int, out string) {
	t.Helper()
	var r load.Report
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%s: %v: %s", what, err, line)
			}
		}
	}
	t.Logf("%s: %d requests in %.1f s, %d failed, %d sent again, %d orders, p50 %.0f ms, p99 %.0f ms, slowest %.0f ms", what,
		r.Requests, r.Seconds, r.Failed, r.Repeated, r.OrdersPlaced, r.Latency.P50, r.Latency.P99, r.Latency.Max)
	if r.Failed > 0 {
		t.Errorf("%s: %d of %d requests failed: %+v", what, r.Failed, r.Requests, r.Failures)
	}
	if want := int(share * float64(rate) * r.Seconds); r.Requests < want || r.Requests == 0 {
		t.Errorf("%s: %d requests in %.1f s, want %d at least: %s", what, r.Requests, r.Seconds, want, out)
	}
}

// OrderTrace waits until the Jaeger at url has the whole trace of an order in one
// piece, from the edge to the notification, with every sidecar on the way.
func OrderTrace(t testing.TB, within time.Duration, url, id string) {
	t.Helper()
	jaeger := jaegerapi.New(url)
	testkit.Eventually(t, within, func() error {
		found, err := jaeger.Trace(t.Context(), id)
		if err != nil {
			return err
		}
		for _, service := range []string{"edge", "order", "order-sidecar", "product", "product-sidecar", "user", "user-sidecar", "notification"} {
			if !slices.Contains(found.Services(), service) {
				return fmt.Errorf("no span of %s, only of %v", service, found.Services())
			}
		}
		if n := len(found.Roots()); n != 1 {
			return fmt.Errorf("%d roots", n)
		}
		return nil
	}, "the whole trace is in Jaeger")
}
