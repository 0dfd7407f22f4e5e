//go:build linux

package observe

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/jaegerapi"
	"shop/shop/rest"
)

// anOrder is the trace of POST /orders, from the edge to the messages.
const anOrder = `
edge: POST rest SERVER
  edge: POST rest try 1 CLIENT
    order-sidecar: POST rest SERVER
      order: POST /orders SERVER
        order: order.place INTERNAL
          order: BATCH orders CLIENT
            order: BEGIN CLIENT
            order: COMMIT CLIENT
            order: INSERT order_history CLIENT
            order: INSERT orders CLIENT
            order: create order.created PRODUCER
              notification: process order_notifications CONSUMER linked
                notification: BATCH notifications CLIENT
                  notification: BEGIN CLIENT
                  notification: COMMIT CLIENT
                  notification: INSERT inbox CLIENT
                  notification: INSERT notifications CLIENT
                  notification: INSERT order_progress CLIENT
                notification: GET /internal/users/{id}/contact CLIENT
                  notification-sidecar: GET /internal/users/{id}/contact SERVER
                    notification-sidecar: GET /internal/users/{id}/contact try 1 CLIENT
                      user-sidecar: GET /internal/users/{id}/contact SERVER
                        user: GET /internal/users/{id}/contact SERVER
                          user: user.contact INTERNAL
                            user: SELECT users CLIENT
                notification: send email CLIENT
                notification: send push CLIENT
                notification: send sms CLIENT
              order: publish order.created CLIENT
          order: POST /internal/reservations CLIENT
            order-sidecar: POST /internal/reservations SERVER
              order-sidecar: POST /internal/reservations try 1 CLIENT
                product-sidecar: POST /internal/reservations SERVER
                  product: POST /internal/reservations SERVER
                    product: stock.reserve INTERNAL
                      product: BATCH products CLIENT
                        product: UPDATE products CLIENT
                      product: EVALSHA CLIENT
          order: POST /validate-token CLIENT
            order-sidecar: POST /validate-token SERVER
              order-sidecar: POST /validate-token try 1 CLIENT
                user-sidecar: POST /validate-token SERVER
                  user: POST /validate-token SERVER
                    user: user.validate_token INTERNAL
                      user: SELECT users CLIENT
`

// oneTrace: everything that an order sets going is in the trace that its buyer was
// told, under one root.
func (s *shop) oneTrace(t *testing.T, buyer person, goods rest.Product) {
	since, before := time.Now(), s.messages()
	order, id := s.order(t, buyer, goods)
	s.told(t, before+3)
	trace := s.whole(t, id, anOrder)
	s.only(t, since, id)
	attributes(t, trace, map[string]map[string]string{
		"edge: POST rest":                           {"http.request.method": "POST", "http.response.status_code": "201", "peer.address": "-"},
		"order-sidecar: POST rest":                  {"http.response.status_code": "201"},
		"order: POST /orders":                       {"http.request.method": "POST", "http.route": "/orders", "url.path": "/orders", "url.scheme": "http", "http.response.status_code": "201"},
		"order: order.place":                        {"auth.outcome": "valid"},
		"order: POST /validate-token":               {"service.peer.name": "user", "url.template": "/validate-token", "http.response.status_code": "200"},
		"order: BATCH orders":                       {"db.system.name": "postgresql", "db.namespace": "order_service_db", "db.operation.name": "BATCH", "db.collection.name": "orders"},
		"order: INSERT orders":                      {"db.system.name": "postgresql", "db.operation.name": "INSERT", "db.collection.name": "orders"},
		"product: EVALSHA":                          {"db.system.name": "redis", "db.operation.name": "EVALSHA", "db.query.text": "EVALSHA product:?"},
		"order: create order.created":               messaging("create", "create", "order_events:order.created"),
		"order: publish order.created":              messaging("publish", "send", "order_events:order.created"),
		"notification: send sms":                    {"notification.channel": "sms", "notification.template": "order_created", "order.id": fmt.Sprint(order.ID)},
		"notification: process order_notifications": messaging("process", "process", "order_notifications"),
	})
}

func messaging(name, kind, destination string) map[string]string {
	return map[string]string{
		"messaging.system": "rabbitmq", "messaging.operation.name": name, "messaging.operation.type": kind,
		"messaging.destination.name": destination,
	}
}

// attributes wants these of the spans of a trace, each of which is named once.
func attributes(t *testing.T, trace jaegerapi.Trace, want map[string]map[string]string) {
	t.Helper()
	for name, attributes := range want {
		spans := trace.Where(func(s jaegerapi.Span) bool { return s.Service+": "+s.Name == name })
		if len(spans) != 1 {
			t.Errorf("%d spans %s", len(spans), name)
			continue
		}
		for key, value := range attributes {
			if got := spans[0].Attributes[key]; got != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got, value)
			}
		}
	}
}

// waitTime is how long the relay is held.
const waitTime = 10 * time.Second

var errEarly = errors.New("not yet")

// oneTraceThatWaits: the same while an operator holds the relay; the trace shows
// the time that the event has waited.
func (s *shop) oneTraceThatWaits(t *testing.T, buyer person, goods rest.Product) {
	if err := s.Operator.HoldRelay(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	since, before := time.Now(), s.messages()
	_, id := s.order(t, buyer, goods)
	ordered := time.Now()
	testkit.Eventually(t, patience, func() error {
		if time.Since(ordered) < waitTime {
			return errEarly
		}
		return nil
	}, "the relay is held for a while")
	if n := s.messages(); n != before {
		t.Errorf("%d messages while the relay is held", n-before)
	}
	if held, _, err := s.metrics.Value(t.Context(), "order_outbox_held"); err != nil || held != 1 {
		t.Errorf("order_outbox_held is %v (%v) while it is", held, err)
	}
	if err := s.Operator.HoldRelay(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.told(t, before+3)
	trace := s.whole(t, id, anOrder)
	s.only(t, since, id)
	var created, published, processed time.Time
	for _, span := range trace.Spans {
		switch {
		case strings.HasPrefix(span.Name, "create "):
			created = span.End
		case strings.HasPrefix(span.Name, "publish "):
			published = span.Start
		case strings.HasPrefix(span.Name, "process "):
			processed = span.Start
		}
	}
	if published.Sub(created) < waitTime || processed.Before(published) {
		t.Errorf("created %s, published %s, processed %s: want %s between the first two", created, published, processed, waitTime)
	}
}
