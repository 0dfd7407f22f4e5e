//go:build linux

package observe

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// times is how often each thing is done: no other number of this test is the same.
const times = 7

// counted is what has to be counted, to the last one, when everything in do has
// been done as often as times says: a query, and how much it rises for each time.
var counted = []struct {
	name, query string
	each        float64
}{
	// What clients ask: server, at each service.
	{"reads of a product", `http_server_request_duration_seconds_count{service="product",http_request_method="GET",http_route="/products/{id}",http_response_status_code="200"}`, 1},
	{"orders", `http_server_request_duration_seconds_count{service="order",http_request_method="POST",http_route="/orders",http_response_status_code="201"}`, 1},
	{"changes of orders", `http_server_request_duration_seconds_count{service="order",http_request_method="PUT",http_route="/orders/{id}",http_response_status_code="200"}`, 1},
	{"refused requests", `http_server_request_duration_seconds_count{service="order",http_request_method="GET",http_route="/orders",http_response_status_code="401"}`, 1},
	{"logins", `http_server_request_duration_seconds_count{service="user",http_route="/login",http_response_status_code="200"}`, 1},
	{"lists of notifications", `http_server_request_duration_seconds_count{service="notification",http_route="/notifications",http_response_status_code="200"}`, 1},
	{"reservations at product", `http_server_request_duration_seconds_count{service="product",http_route="/internal/reservations",http_response_status_code="201"}`, 1},

	// What services ask each other: client.
	{"reservations at order", `http_client_request_duration_seconds_count{service="order",service_peer_name="product",http_response_status_code="201"}`, 1},
	{"contacts at notification", `http_client_request_duration_seconds_count{service="notification",service_peer_name="user",url_template="/internal/users/{id}/contact"}`, 2},

	// The hop that asks whose a token is, from its four places.
	{"valid tokens at order", `auth_validate_token_client_duration_seconds_count{service="order",outcome="valid"}`, 2},
	{"invalid tokens at order", `auth_validate_token_client_duration_seconds_count{service="order",outcome="invalid"}`, 1},
	{"valid tokens at notification", `auth_validate_token_client_duration_seconds_count{service="notification",outcome="valid"}`, 1},
	{"the hop at order's sidecar", `envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_cluster="validate_token",envoy_virtual_host="user",mesh_service="order"}`, 3},
	{"the hop at notification's sidecar", `envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_cluster="validate_token",envoy_virtual_host="user",mesh_service="notification"}`, 1},
	{"the hop at user's sidecar", `envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_cluster="validate_token",envoy_virtual_host="mesh",mesh_service="user"}`, 4},
	{"valid tokens at user", `auth_validate_token_server_total{service="user",result="valid"}`, 3},
	{"malformed tokens at user", `auth_validate_token_server_total{service="user",result="malformed"}`, 1},
	{"checks at user", `sum(auth_validate_token_server_duration_seconds_count{service="user"})`, 4},
	{"the sidecar before product", `envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_cluster="reservations",envoy_virtual_host="mesh",mesh_service="product"}`, 1},
	{"the sidecar before user's contacts", `envoy_vhost_vcluster_upstream_rq_total{envoy_virtual_cluster="contact",envoy_virtual_host="mesh",mesh_service="user"}`, 2},

	// SQL.
	{"stored orders", `db_client_operation_duration_seconds_count{service="order",db_operation_name="INSERT",db_collection_name="orders",error_type=""}`, 1},
	{"changed orders", `db_client_operation_duration_seconds_count{service="order",db_operation_name="UPDATE",db_collection_name="orders",error_type=""}`, 1},
	{"stored sessions", `db_client_operation_duration_seconds_count{service="user",db_operation_name="INSERT",db_collection_name="sessions",error_type=""}`, 1},
	{"stored notifications", `db_client_operation_duration_seconds_count{service="notification",db_operation_name="INSERT",db_collection_name="notifications",error_type=""}`, 2},
	{"messages noted by product", `db_client_operation_duration_seconds_count{service="product",db_operation_name="INSERT",db_collection_name="inbox",error_type=""}`, 1},

	// The cache.
	{"hits and misses", `sum(product_cache_requests_total{service="product",cache="product",result=~"hit|miss"})`, 1},
	{"questions to Redis", `product_cache_operation_duration_seconds_count{service="product",op="get"}`, 1},
	{"failures of the cache", `sum(product_cache_requests_total{service="product",cache="product",result=~"error|bypass"})`, 0},

	// The broker.
	{"published orders", `order_events_published_total{service="order",event_type="order.created",outcome="confirmed"}`, 1},
	{"published changes", `order_events_published_total{service="order",event_type="order.status_changed",outcome="confirmed"}`, 1},
	{"confirms", `order_event_publish_duration_seconds_count{service="order",outcome="confirmed"}`, 2},
	{"repeated publishes", `sum(order_event_publish_retries_total{service="order"})`, 0},
	{"consumed orders", `notification_messages_total{service="notification",event_type="order.created",outcome="acked"}`, 1},
	{"handled orders", `notification_process_duration_seconds_count{service="notification",event_type="order.created",outcome="acked"}`, 1},
	{"consumed changes", `notification_messages_total{service="notification",event_type="order.status_changed",outcome="acked"}`, 1},
	{"consumed changes at product", `product_messages_total{service="product",event_type="order.status_changed",outcome="acked"}`, 1},
	{"orders that were told of", `notification_end_to_end_seconds_count{service="notification",event_type="order.created"}`, 3},
	{"sent e-mails", `notification_deliveries_total{service="notification",channel="email",outcome="sent"}`, 2},

	// The business.
	{"placed orders", `orders_placed_total{service="order",outcome="placed"}`, 1},
	{"cancelled orders", `order_status_changes_total{service="order",status="cancelled"}`, 1},
	{"good logins", `auth_events_total{service="user",event="login_ok"}`, 1},
	{"bad logins", `auth_events_total{service="user",event="login_bad_password"}`, 1},
	{"unknown names", `auth_events_total{service="user",event="login_unknown_user"}`, 1},
	{"hashed passwords", `auth_password_hash_duration_seconds_count{service="user"}`, 3},
}

// there are series that have a value at any time.
var there = []string{
	`go_goroutines > 0`, `process_resident_memory_bytes > 0`, `process_open_fds > 0`, `go_gc_duration_seconds_count >= 0`,
	`shop_build_info{version!="",revision!="",go_version=~"go.*"} == 1`, `db_pool_connections{state="max"} > 0`,
}

// figures: whatever is done so many times is counted so many times, wherever it is
// seen.
func (s *shop) figures(t *testing.T, buyer person, goods rest.Product) {
	s.scraped(t)
	before := make([]float64, len(counted))
	for i, c := range counted {
		before[i], _, _ = s.value(t, c.query)
	}
	for range times {
		a, err := s.Product.Get(t.Context(), path("/products/", goods.ID))
		want(t, "read", a, err, http.StatusOK)
		// One event after the other: of two at a time the buyer is looked up once.
		messages := s.messages()
		order, _ := s.order(t, buyer, goods)
		s.told(t, messages+3)
		a, err = s.Order.As(buyer.AccessToken).Do(t.Context(), http.MethodPut, path("/orders/", order.ID), map[string]string{"status": "cancelled"})
		want(t, "cancel", a, err, http.StatusOK)
		s.told(t, messages+6)
		a, err = s.Order.As("no-token-at-all").Get(t.Context(), "/orders")
		want(t, "a stranger", a, err, http.StatusUnauthorized)
		a, err = s.Notification.As(buyer.AccessToken).Get(t.Context(), "/notifications")
		want(t, "notifications", a, err, http.StatusOK)
		a, err = s.login(t, buyer.name, "wrong-"+unique())
		want(t, "a wrong password", a, err, http.StatusUnauthorized)
		a, err = s.login(t, "nobody-"+unique(), buyer.password)
		want(t, "an unknown name", a, err, http.StatusUnauthorized)
		a, err = s.login(t, buyer.name, buyer.password)
		want(t, "a login", a, err, http.StatusOK)
	}
	testkit.Eventually(t, patience, func() error {
		for i, c := range counted {
			after, _, err := s.value(t, c.query)
			if err != nil {
				return err
			}
			if got := after - before[i]; got != c.each*times {
				return fmt.Errorf("%s: counted %v, want %v", c.name, got, c.each*times)
			}
		}
		return nil
	}, "exact figures")
	for _, query := range there {
		found, err := s.metrics.Vector(t.Context(), query)
		services := map[string]bool{}
		for _, sample := range found {
			services[sample.Labels["service"]] = true
		}
		if err != nil || len(services) != 4 {
			t.Errorf("%s is true at %v (%v), want all four services", query, services, err)
		}
	}
}

func (s *shop) value(t *testing.T, query string) (float64, bool, error) {
	t.Helper()
	return s.metrics.Value(t.Context(), query)
}

// scraped waits until Prometheus has looked at every part after now.
func (s *shop) scraped(t *testing.T) {
	t.Helper()
	now := float64(time.Now().UnixMilli()) / 1000
	testkit.Eventually(t, patience, func() error {
		found, err := s.metrics.Vector(t.Context(), `timestamp(up == 1)`)
		if err == nil && len(found) != 8 {
			err = fmt.Errorf("%d parts", len(found))
		}
		for _, sample := range found {
			if err == nil && sample.Value <= now {
				err = fmt.Errorf("%v last at %v", sample.Labels, sample.Value)
			}
		}
		return err
	}, "a look at every part")
}
