//go:build linux

package observe

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/promapi"
	"shop/shop/rest"
)

var errNone = errors.New("there is no exemplar")

// exemplar goes the way of somebody on duty: from the slowest dot of a graph to its
// trace, and with its id to the logs of all who had a part in it.
func (s *shop) exemplar(t *testing.T, buyer person, goods rest.Product) {
	began, before := time.Now(), s.messages()
	var ids []string
	for range 3 {
		_, id := s.order(t, buyer, goods)
		ids = append(ids, id)
	}
	s.told(t, before+9)
	var slowest promapi.Exemplar
	testkit.Eventually(t, patience, func() error {
		found, err := s.metrics.Exemplars(t.Context(),
			`http_server_request_duration_seconds_bucket{service="order",http_route="/orders",http_response_status_code="201"}`, began)
		found = slices.DeleteFunc(found, func(e promapi.Exemplar) bool { return !slices.Contains(ids, e.Labels["trace_id"]) })
		if err == nil && len(found) == 0 {
			err = errNone
		}
		if err == nil {
			slowest = slices.MaxFunc(found, func(a, b promapi.Exemplar) int { return int(1e9 * (a.Value - b.Value)) })
		}
		return err
	}, "the slowest order's exemplar")
	id := slowest.Labels["trace_id"]
	trace := s.whole(t, id, anOrder)
	for _, span := range trace.Spans {
		if span.Name == "POST /orders" {
			if took := span.End.Sub(span.Start).Seconds(); took > 2*slowest.Value+0.01 || slowest.Value > 2*took+0.01 {
				t.Errorf("the exemplar says %v s, its span %v s", slowest.Value, took)
			}
		}
	}
	testkit.Eventually(t, patience, func() error {
		services := map[string]bool{}
		for _, line := range s.lines(t) {
			if line.fields["trace_id"] == id {
				services[fmt.Sprint(line.fields["service"])] = true
			}
		}
		for _, name := range []string{"edge", "order", "order-sidecar", "user", "user-sidecar", "product", "product-sidecar"} {
			if !services[name] {
				return fmt.Errorf("%s does not know of %s: %v do", name, id, services)
			}
		}
		return nil
	}, "the logs know the trace")
}
