package product_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"shop/kit/event"
	"shop/kit/openapi/openapitest"
	"shop/kit/web"
)

func TestEveryRouteIsDocumented(t *testing.T) {
	w := start(t, nil)
	openapitest.Covers(t, document(t), web.RoutesOf(w.Service.Handler))
	w.get("/docs").wants(http.StatusOK, "Product Service")
	w.get("/redoc").wants(http.StatusOK, "Product Service")
	w.get("/openapi.json").wants(http.StatusOK, `"openapi":"3.1.0"`)
}

func TestWelcomeAndHealth(t *testing.T) {
	w := start(t, map[string]string{"APP_VERSION": "1.2.3"})
	w.get("/").wants(http.StatusOK, `{"message":"Welcome to Product Service API","service":"Product Service","version":"1.2.3","docs":"/docs","redoc":"/redoc"}`)
	w.get("/health").wants(http.StatusOK, `{"status":"healthy","service":"Product Service","version":"1.2.3","database":{`,
		`"redis":{"engine":"memory","status":"healthy"}`, `"rabbitmq":{"exchange":"order_events","queue":"product_stock","status":"healthy"}`)
	w.get("/livez").wants(http.StatusOK)
	w.get("/readyz").wants(http.StatusOK)
}

func TestHealthWithoutBroker(t *testing.T) {
	w := start(t, nil)
	w.create("Laptop", "1", 1)
	if err := w.Infra.Bus.Close(); err != nil {
		t.Fatal(err)
	}
	w.get("/health").wants(http.StatusOK, `"status":"degraded"`, `"rabbitmq":{"exchange":"order_events","queue":"product_stock","status":"unhealthy"}`)
	w.get("/readyz").wants(http.StatusOK)
	w.get("/products/1").wants(http.StatusOK)
}

func TestHealthWithoutDatabase(t *testing.T) {
	w := start(t, nil)
	if err := w.Infra.DB.Close(); err != nil {
		t.Fatal(err)
	}
	w.get("/health").wants(http.StatusServiceUnavailable, `"status":"unhealthy"`)
	w.get("/readyz").wants(http.StatusServiceUnavailable)
	w.get("/livez").wants(http.StatusOK)
}

func TestWithoutCache(t *testing.T) {
	w := start(t, map[string]string{"CACHE_ENABLED": "false"})
	p := w.create("Laptop", "1", 5)
	w.get(w.path(p.ID)).wants(http.StatusOK)
	w.reserve(newReservation(), p.ID, 2).wants(http.StatusCreated)
	if got := w.left(p.ID); got != 3 {
		t.Errorf("%d left", got)
	}
	w.get("/health").wants(http.StatusOK, `"redis":{"engine":"none","status":"healthy"}`)
}

// What operators watch: the cache, the reservations and who was asked.
func TestMetrics(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 5)
	for range 3 {
		w.get(w.path(p.ID)).wants(http.StatusOK)
	}
	w.reserve(newReservation(), p.ID, 2).wants(http.StatusCreated)
	w.reserve(newReservation(), p.ID, 9).wants(http.StatusConflict)
	status, body := w.operator(http.MethodGet, "/metrics", "")
	if status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	for _, line := range []string{
		`_cache_requests_total{cache="product",result="hit"} 2`,
		`_cache_requests_total{cache="product",result="miss"} 1`,
		`_cache_invalidations_total{reason="reserve"} 1`,
		`product_reservations_total{outcome="reserved"} 1`,
		`product_reservations_total{outcome="insufficient"} 1`,
		`product_reservations_total{outcome="released"} 0`,
		`auth_validate_token_client_duration_seconds_count{outcome="valid"} 1`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("no %s", line)
		}
	}
	if a := w.get("/metrics"); a.status != http.StatusNotFound {
		t.Errorf("clients see metrics: %d", a.status)
	}
}

// operator asks the admin port.
func (w *world) operator(method, path, body string) (status int, answer string) {
	w.t.Helper()
	return w.unchecked(method, w.admin+path, body)
}

// unchecked sends a request without asking openapi.yaml about it. It may be called
// from any goroutine.
func (w *world) unchecked(method, url, body string) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return 0, ""
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Error(err)
	}
	return response.StatusCode, string(b)
}

func TestDeadLetters(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 5)
	id := newReservation()
	w.reserve(id, p.ID, 2).wants(http.StatusCreated)
	broken := event.Event{ID: newReservation(), Type: "order.deleted", Key: "order:7", Sequence: 3, Data: json.RawMessage(`{"status":"pending"}`)}
	w.emit(broken)
	w.publish("order.status_changed", "cancelled", id, p.ID, 2) // What comes after is handled.
	w.handled()
	if got := w.left(p.ID); got != 5 {
		t.Errorf("%d left, want 5", got)
	}
	_, list := w.operator(http.MethodGet, "/admin/dead-letters", "")
	for _, text := range []string{`"queue":"product_stock"`, broken.ID, `"type":"order.deleted"`, `"reason":"event_payload`, `"data":{"status":"pending"}`} {
		if !strings.Contains(list, text) {
			t.Errorf("%s does not contain %s", list, text)
		}
	}
	if _, replayed := w.operator(http.MethodPost, "/admin/dead-letters/replay", `{"ids":["`+broken.ID+`"]}`); replayed != `{"replayed":1}` {
		t.Errorf("got %s", replayed)
	}
	w.handled()
	if _, again := w.operator(http.MethodGet, "/admin/dead-letters", ""); !strings.Contains(again, broken.ID) {
		t.Errorf("it is broken still: %s", again)
	}
}

// What was stored survives a restart, reservations that nobody has settled yet
// included.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	settings := map[string]string{"DATABASE_URL": "sqlite:///" + dir + "/product.db", "BUS_FILE": dir + "/bus.db", "RESERVATION_TTL": "0.5"}
	first := start(t, settings)
	p := first.create("Laptop", "1", 5)
	id := newReservation()
	first.orders.away.Store(true)
	first.reserve(id, p.ID, 2).wants(http.StatusCreated)
	etag := first.get(first.path(p.ID)).etag()
	first.stop()

	second := start(t, settings)
	a := second.get(second.path(p.ID)).wants(http.StatusOK)
	if a.item().Quantity == 3 && a.etag() != etag {
		t.Errorf("%s after %s", a.etag(), etag)
	}
	eventually(t, func() bool { return second.left(p.ID) == 5 }, "the reservation of before is settled")
}
