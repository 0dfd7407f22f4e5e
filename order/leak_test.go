package order_test

import (
	"fmt"
	"strings"
	"testing"

	"shop/order/adapters/product/producttest"
	"shop/order/domain"
)

// TestSecretsStayOut walks through everything that sees a token and then looks
// for the tokens in log, spans and metrics.
func TestSecretsStayOut(t *testing.T) {
	s := newShop(t, map[string]string{"DEBUG": "True"})
	const stolen = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJldmUifQ.c2VjcmV0LXNpZ25hdHVyZQ"
	id := s.place(1)
	s.turn(id, "delivered")
	s.call("alice", "POST", "/orders", newOrder(99))
	for _, path := range []string{"/orders", "/orders/" + id, "/orders?access_token=" + stolen} {
		s.call(stolen, "GET", path, "")
	}
	s.products.Fail(domain.ErrCatalogueUnavailable)
	s.call("alice", "POST", "/orders", newOrder(1))
	s.users.away.Store(true)
	s.call(stolen, "GET", "/orders", "")
	s.settle("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
	s.stop()

	places := map[string]string{"the log": s.tel.LogText()}
	for _, span := range s.tel.Spans("") {
		places["a span"] += fmt.Sprintln(span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	families, err := s.tel.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		places["a metric"] += family.String()
	}
	for place, text := range places {
		if len(text) < 1000 {
			t.Errorf("%s says next to nothing: %s", place, text)
		}
		for _, secret := range []string{stolen, strings.Split(stolen, ".")[2], "Bearer alice", producttest.Token} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has the secret %q", place, secret)
			}
		}
	}
}

// TestOneTrace proves that one trace leads from the client's request through the
// transaction to the publish of the event.
func TestOneTrace(t *testing.T) {
	s := newShop(t)
	a := s.call("alice", "POST", "/orders", newOrder(1))
	s.events(a.field(t, "id"))
	s.stop()
	for _, name := range []string{
		"POST /orders", "order.place", "POST /validate-token", "POST /internal/reservations",
		"create order.created", "publish order.created",
	} {
		found := false
		for _, span := range s.tel.Spans(name) {
			found = found || span.SpanContext().TraceID().String() == a.header.Get("X-Trace-Id")
		}
		if !found {
			t.Errorf("no span %q in the trace", name)
		}
	}
}
