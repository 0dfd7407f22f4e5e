package order_test

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"shop/kit/money"
	"shop/kit/openapi/openapitest"
	"shop/order"
	"shop/order/adapters/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPlace(t *testing.T) {
	s := newShop(t)
	a := s.call("alice", "POST", "/orders", `{"product_id": 42, "quantity": 3.0, "unknown": null}`)
	s.want(a, http.StatusCreated)
	const want = `{"id":1,"user_id":1,"product_id":42,"product_name":"Điện thoại “Ốc” <b>","quantity":3,"unit_price":19.99,` +
		`"total_price":59.97,"status":"pending","created_at":"2026-03-14T15:09:26.535897Z","updated_at":"2026-03-14T15:09:26.535897Z"}`
	if a.body != want {
		t.Errorf("body\n got %s\nwant %s", a.body, want)
	}
	if got := a.header.Get("Location"); got != "/orders/1" {
		t.Errorf("Location %q", got)
	}
	if got := a.header.Get("Idempotency-Replayed"); got != "" {
		t.Errorf("Idempotency-Replayed %q", got)
	}
	s.wantStock(7)
	if got := s.call("alice", "GET", "/orders/1", ""); got.body != want {
		t.Errorf("GET answers %s", got.body)
	}
	if got := s.tel.Value("orders_placed_total", "outcome", "placed"); got != 1 {
		t.Errorf("%v orders counted", got)
	}
}

// TestPlaceIsOneTransaction counts the commits: each is a wait for the disk.
func TestPlaceIsOneTransaction(t *testing.T) {
	s := newShop(t)
	commits := func() uint64 {
		n, _ := s.tel.Observations("db_client_operation_duration_seconds", "db_operation_name", "COMMIT")
		return n
	}
	before := commits()
	s.place(1)
	s.place(1)
	if got := commits() - before; got != 2 {
		t.Errorf("%d commits for two orders", got)
	}
}

func TestPlaceRefused(t *testing.T) {
	s := newShop(t)
	s.wantError(s.call("alice", "POST", "/orders", `{"product_id":7,"quantity":1}`),
		400, "product_not_found", "Không tìm thấy sản phẩm có ID: 7")
	s.place(7)
	s.wantError(s.call("alice", "POST", "/orders", newOrder(5)),
		400, "insufficient_stock", "Sản phẩm không đủ số lượng. Còn lại: 3, Yêu cầu: 5")
	s.wantError(s.call("alice", "POST", "/orders", newOrder(5), header{"Accept-Language", "en"}),
		400, "insufficient_stock", "Not enough in stock. Left: 3, requested: 5")
	s.wantStock(3)
}

func TestPlaceTotalTooLarge(t *testing.T) {
	s := newShop(t)
	s.products.Put(7, memory.Product{Name: "Mặt trăng", Price: money.MaxInput, Stock: 1 << 31})
	a := s.call("alice", "POST", "/orders", `{"product_id":7,"quantity":2147483647}`)
	s.want(a, http.StatusUnprocessableEntity)
	if got := strings.Join(a.faults(t), ", "); got != "body.quantity total_too_large" {
		t.Errorf("faults %s", got)
	}
}

// TestOrderOfRefusals sends requests with several faults: the form of the body is
// judged first, then the token, then the fields.
func TestOrderOfRefusals(t *testing.T) {
	s := newShop(t)
	tests := []struct {
		name, user, body string
		header           header
		status           int
	}{
		{"a large body of nobody", "", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, header{}, 413},
		{"a form of nobody", "", `{}`, header{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"broken JSON of nobody", "", `{"product_id":`, header{}, 422},
		{"wrong fields of nobody", "", `{"product_id":0}`, header{}, 401},
		{"wrong fields of a stranger", "mallory", `{"product_id":0}`, header{}, 401},
		{"wrong fields of alice", "alice", `{"product_id":0}`, header{}, 422},
		{"a wrong key of nobody", "", newOrder(1), header{"Idempotency-Key", "ü"}, 401},
		{"a wrong key of alice", "alice", newOrder(1), header{"Idempotency-Key", "ü"}, 422},
	}
	for _, test := range tests {
		if a := s.call(test.user, "POST", "/orders", test.body, test.header); a.status != test.status {
			t.Errorf("%s: %d, want %d\n%s", test.name, a.status, test.status, a.body)
		}
	}
}

func TestDependenciesAway(t *testing.T) {
	t.Run("user service", func(t *testing.T) {
		s := newShop(t)
		s.users.away.Store(true)
		a := s.call("alice", "GET", "/orders", "")
		s.wantError(a, 503, "auth_unavailable", "Không thể xác thực với User Service")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
	t.Run("product service", func(t *testing.T) {
		s := newShop(t, map[string]string{"PRODUCT_SERVICE_URL": "http://127.0.0.1:1"})
		a := s.call("alice", "POST", "/orders", newOrder(1))
		s.wantError(a, 503, "product_service_unavailable", "Không thể kết nối với Product Service")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		s.want(s.call("alice", "GET", "/orders", ""), http.StatusOK) // What needs no product goes on.
	})
	t.Run("internal token", func(t *testing.T) {
		s := newShop(t, map[string]string{"INTERNAL_TOKEN": "another"})
		s.wantError(s.call("alice", "POST", "/orders", newOrder(1)),
			503, "product_service_unavailable", "Không thể kết nối với Product Service")
	})
}

func TestRoutes(t *testing.T) {
	s := newShop(t)
	openapitest.Covers(t, order.OpenAPI, s.routes())
	tests := []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/livez", 200}, {"GET", "/readyz", 200},
		{"GET", "/docs", 200}, {"GET", "/redoc", 200}, {"GET", "/openapi.json", 200},
		{"GET", "/nothing", 404}, {"GET", "/metrics", 404}, {"PATCH", "/orders", 405}, {"POST", "/orders/1", 405},
		{"GET", "/admin/orders/1", 404},
	}
	for _, test := range tests {
		if a := s.call("", test.method, test.path, ""); a.status != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, a.status, test.status)
		}
	}
	const welcome = `{"message":"Welcome to Order Service API","service":"Order Service","version":"1.2.3","docs":"/docs","redoc":"/redoc"}`
	if a := s.call("", "GET", "/", ""); a.body != welcome {
		t.Errorf("/ answers %s", a.body)
	}
}

func TestHealth(t *testing.T) {
	s := newShop(t)
	const rabbit = `"rabbitmq":{"exchange":"order_events","queue":"order_notifications","status":"healthy"}`
	a := s.call("", "GET", "/health", "")
	if a.status != 200 || a.field(t, "status") != "healthy" || a.field(t, "service") != "Order Service" || !strings.Contains(a.body, rabbit) {
		t.Errorf("health %d %s", a.status, a.body)
	}
	s.bus.Down()
	a = s.call("", "GET", "/health", "")
	if a.status != 200 || a.field(t, "status") != "degraded" {
		t.Errorf("health without a broker %d %s", a.status, a.body)
	}
	s.want(s.call("", "GET", "/readyz", ""), http.StatusOK)
	s.want(s.call("alice", "POST", "/orders", newOrder(1)), http.StatusCreated) // Its event waits.
	s.bus.Up()
}

func TestHealthWithoutDatabase(t *testing.T) {
	s := newShop(t)
	if err := s.instance.Infra.DB.Close(); err != nil {
		t.Fatal(err)
	}
	a := s.call("", "GET", "/health", "")
	if a.status != 503 || a.field(t, "status") != "unhealthy" || a.header.Get("Retry-After") == "" {
		t.Errorf("health %d %s", a.status, a.body)
	}
	s.want(s.call("", "GET", "/readyz", ""), http.StatusServiceUnavailable)
	s.want(s.call("", "GET", "/livez", ""), http.StatusOK)
}
