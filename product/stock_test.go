package product_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/kit/testkit"
)

func newReservation() string { return uuid.Must(uuid.NewV7()).String() }

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	testkit.Eventually(t, patience, condition, what)
}

// reserve is what the order service sends.
func (w *world) reserve(id string, product, quantity int64) answer {
	w.t.Helper()
	return w.reserveAs(internalToken, id, product, quantity)
}

func (w *world) reserveAs(token, id string, product, quantity int64) answer {
	w.t.Helper()
	body := fmt.Sprintf(`{"reservation_id":%q,"product_id":%d,"quantity":%d}`, id, product, quantity)
	return w.do(http.MethodPost, "/internal/reservations", body, "X-Internal-Token", token)
}

// publish tells of an order as the order service does, and returns the event's
// id.
func (w *world) publish(typ, status, reservation string, product, quantity int64) string {
	w.t.Helper()
	data := map[string]any{
		"order_id": 1, "user_id": 1, "product_id": product, "product_name": "Laptop", "quantity": quantity,
		"unit_price": json.Number("1.00"), "total_price": json.Number("2.00"), "status": status,
		"created_at": "2026-03-14T15:09:26.535897Z", "sequence": 2, "reservation_id": reservation,
	}
	e := event.Event{ID: newReservation(), Type: typ, Key: "order:" + reservation, Sequence: 2, Data: encode(w.t, data)}
	w.emit(e)
	return e.ID
}

func (w *world) emit(e event.Event) {
	w.t.Helper()
	if err := w.Infra.Bus.Publish(w.t.Context(), []event.Event{e})[0]; err != nil {
		w.t.Error(err)
	}
}

func TestReservations(t *testing.T) {
	w := start(t, nil)
	p := w.create("Điện thoại", "19.99", 3)
	id := newReservation()
	path := w.path(p.ID)
	before := w.get(path)

	made := w.reserve(id, p.ID, 2).wants(http.StatusCreated,
		`{"reservation_id":"`+id+`","product_id":1,"product_name":"Điện thoại","unit_price":19.99,"quantity":2,"expires_at":"`)
	after := w.get(path).wants(http.StatusOK, `"quantity":1`)
	if after.etag() == before.etag() {
		t.Error("the ETag does not show that the stock has changed")
	}

	w.as(http.MethodPut, path, `{"name":"Laptop","price":7}`).wants(http.StatusOK, `"quantity":1`)
	if again := w.reserve(id, p.ID, 2).wants(http.StatusCreated); again.body != made.body {
		t.Errorf("again: %s, first %s", again.body, made.body)
	}
	w.reserve(id, p.ID, 1).wants(http.StatusConflict, `"code":"reservation_mismatch"`)
	w.reserve(newReservation(), p.ID, 2).wants(http.StatusConflict,
		`"detail":"Sản phẩm không đủ số lượng. Còn lại: 1, Yêu cầu: 2"`, `"code":"insufficient_stock"`, `"params":{"available":1,"requested":2}`)
	w.reserve(newReservation(), 99, 2).wants(http.StatusNotFound, `"code":"product_not_found"`, `"params":{"id":99}`)
	if got := w.left(p.ID); got != 1 {
		t.Errorf("%d left, want 1", got)
	}

	w.do(http.MethodPost, "/internal/reservations", `{"quantity":0}`, "X-Internal-Token", internalToken).wants(http.StatusUnprocessableEntity,
		`"loc":["body","reservation_id"]`, `"loc":["body","product_id"]`, `"loc":["body","quantity"]`)
	w.reserveAs("", newReservation(), p.ID, 1).wants(http.StatusForbidden)
	w.reserveAs("wrong", newReservation(), p.ID, 1).wants(http.StatusForbidden)
	w.as(http.MethodPost, "/internal/reservations", `{}`).wants(http.StatusForbidden)
	if spec := string(document(t)); strings.Contains(spec, "/internal") {
		t.Error("the public document tells of internal routes")
	}
}

func TestInternalRoutesAreClosedWithoutAToken(t *testing.T) {
	w := start(t, map[string]string{"INTERNAL_TOKEN": ""})
	w.reserveAs("", newReservation(), 1, 1).wants(http.StatusNotFound)
}

func TestOrdersGiveStockBack(t *testing.T) {
	for _, tt := range []struct {
		event, status string
		left          int64
	}{
		{"order.status_changed", "cancelled", 10},
		{"order.deleted", "pending", 10},
		{"order.deleted", "confirmed", 10},
		{"order.status_changed", "confirmed", 8},
		{"order.status_changed", "shipped", 8},
		{"order.deleted", "delivered", 8},
		{"order.deleted", "cancelled", 8}, // It was given back when it was cancelled.
	} {
		t.Run(tt.event+" "+tt.status, func(t *testing.T) {
			w := start(t, nil)
			p := w.create("Laptop", "1", 10)
			id := newReservation()
			w.reserve(id, p.ID, 2).wants(http.StatusCreated)
			w.get(w.path(p.ID)).wants(http.StatusOK, `"quantity":8`)
			w.publish(tt.event, tt.status, id, p.ID, 2)
			w.handled()
			if got := w.left(p.ID); got != tt.left {
				t.Errorf("%d left, want %d", got, tt.left)
			}
		})
	}
}

// handled returns when every event that was published has been handled.
func (w *world) handled() {
	w.t.Helper()
	bus, ok := w.Infra.Bus.(interface {
		Depth(ctx context.Context, queue string) (event.Depth, error)
	})
	if !ok {
		w.t.Fatalf("%T does not tell its depth", w.Infra.Bus)
	}
	testkit.Eventually(w.t, patience, func() bool {
		d, err := bus.Depth(w.t.Context(), "product_stock")
		return err == nil && d.Waiting+d.InFlight == 0
	}, "the queue is empty")
}

func TestReleasesAreIdempotentAndWinWhateverTheOrder(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 10)
	id, early := newReservation(), newReservation()
	w.reserve(id, p.ID, 2).wants(http.StatusCreated)
	data := encode(t, map[string]any{"reservation_id": id, "product_id": p.ID, "quantity": 2, "status": "cancelled"})
	e := event.Event{ID: newReservation(), Type: "order.status_changed", Key: "order:1", Sequence: 2, Data: data}
	for range 3 { // One message, delivered three times.
		w.emit(e)
	}
	w.publish("order.deleted", "confirmed", id, p.ID, 2) // Another that asks for the same.
	w.publish("order.deleted", "pending", early, p.ID, 5)
	w.handled()
	if got := w.left(p.ID); got != 10 {
		t.Errorf("%d left, want 10", got)
	}
	w.reserve(id, p.ID, 2).wants(http.StatusConflict, `"code":"reservation_released"`)
	w.reserve(early, p.ID, 5).wants(http.StatusConflict, `"code":"reservation_released"`)
	if got := w.left(p.ID); got != 10 {
		t.Errorf("%d left, want 10", got)
	}
}

func TestReservedProductsCanBeDeleted(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 10)
	id := newReservation()
	w.reserve(id, p.ID, 2).wants(http.StatusCreated)
	w.as(http.MethodDelete, w.path(p.ID), "").wants(http.StatusNoContent)
	w.publish("order.status_changed", "cancelled", id, p.ID, 2)
	w.handled()
	w.get(w.path(p.ID)).wants(http.StatusNotFound)
	w.reserve(id, p.ID, 2).wants(http.StatusConflict, `"code":"reservation_released"`)
}

func TestExpiredReservationsAreSettled(t *testing.T) {
	w := start(t, map[string]string{"RESERVATION_TTL": "0.2"})
	p := w.create("Laptop", "1", 10)
	ordered, crashed := newReservation(), newReservation()
	w.orders.away.Store(true)
	w.reserve(ordered, p.ID, 1).wants(http.StatusCreated)
	w.reserve(crashed, p.ID, 2).wants(http.StatusCreated)
	eventually(t, func() bool { return w.orders.asked.Load() >= 2 }, "the order service is asked")
	if got := w.left(p.ID); got != 7 {
		t.Errorf("%d left while the order service is away, want 7", got)
	}
	if !w.orders.place(ordered) {
		t.Fatal("settled too early")
	}
	w.orders.away.Store(false)
	eventually(t, func() bool { return w.left(p.ID) == 9 }, "the abandoned reservation is released")
	w.reserve(crashed, p.ID, 2).wants(http.StatusConflict, `"code":"reservation_released"`)
	w.reserve(ordered, p.ID, 1).wants(http.StatusCreated)
	if got := w.left(p.ID); got != 9 {
		t.Errorf("%d left, want 9", got)
	}
	eventually(t, func() bool { return w.tel.Value("product_reservations_total", "outcome", "confirmed") == 1 }, "the order's reservation is confirmed")
}

// Buyers who compete, cancel, and crash between the reservation and the order:
// in the end every piece is in stock or in an order that exists.
func TestStockAddsUp(t *testing.T) {
	w := start(t, map[string]string{"RESERVATION_TTL": "0.3"})
	const total, buyers = 60, 90
	p := w.create("Laptop", "1", total)
	var sold atomic.Int64
	var running sync.WaitGroup
	for i := range buyers {
		running.Go(func() {
			id, n := newReservation(), int64(1+i%3)
			if i%5 == 4 { // Cancelled before its claim arrives.
				w.publish("order.deleted", "pending", id, p.ID, n)
			}
			a := w.reserve(id, p.ID, n)
			if a.status != http.StatusCreated {
				a.wants(http.StatusConflict)
				return
			}
			if again := w.reserve(id, p.ID, n); again.status == http.StatusCreated && again.body != a.body {
				t.Errorf("%s after %s", again.body, a.body)
			}
			switch i % 5 {
			case 0, 1:
				if w.orders.place(id) {
					sold.Add(n)
				}
			case 2:
				w.orders.place(id)
				w.publish("order.status_changed", "cancelled", id, p.ID, n)
			}
		})
	}
	running.Wait()
	eventually(t, func() bool { return w.left(p.ID) == total-sold.Load() }, "all that was not sold is back")
	w.handled()
	if got := w.left(p.ID); got != total-sold.Load() || got < 0 {
		t.Errorf("%d left and %d sold of %d", got, sold.Load(), total)
	}
}
