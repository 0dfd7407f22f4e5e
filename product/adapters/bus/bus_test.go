package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/observe"
	"shop/kit/testkit"

	"shop/product/adapters/bus"
	"shop/product/domain"
	"shop/product/ports"
)

// stock records what it is told.
type stock struct {
	ports.Stock
	released []ports.Release
	closed   []domain.ReservationID
	repeated bool
	err      error
}

func (s *stock) Release(_ context.Context, r ports.Release) (bool, error) {
	s.released = append(s.released, r)
	return s.repeated, s.err
}

func (s *stock) Close(_ context.Context, id domain.ReservationID) error {
	s.closed = append(s.closed, id)
	return s.err
}

const id = "0197f3a2-7c1e-7b32-9a51-3f0c5d2e8b11"

func delivery(typ, data string) event.Delivery {
	return event.Delivery{Event: event.Event{ID: "message-1", Type: typ, Data: json.RawMessage(data)}, Queue: bus.Queue}
}

func order(status string) string {
	return `{"order_id":1,"reservation_id":"` + id + `","product_id":7,"quantity":2,"status":"` + status + `","unit_price":19.99}`
}

func TestWhatBecomesOfAnOrder(t *testing.T) {
	for _, tt := range []struct {
		event, status     string
		releases, closing int
	}{
		{"order.status_changed", "confirmed", 0, 0},
		{"order.status_changed", "cancelled", 1, 0},
		{"order.status_changed", "shipped", 0, 1},
		{"order.status_changed", "delivered", 0, 1},
		{"order.deleted", "pending", 1, 0},
		{"order.deleted", "confirmed", 1, 0},
		{"order.deleted", "shipped", 0, 1},
		{"order.deleted", "delivered", 0, 1},
		{"order.deleted", "cancelled", 0, 0},
		{"order.status_changed", "lost", 0, 0},
	} {
		t.Run(tt.event+" "+tt.status, func(t *testing.T) {
			s := &stock{}
			if err := bus.Handler(s)(t.Context(), delivery(tt.event, order(tt.status))); err != nil {
				t.Fatal(err)
			}
			if len(s.released) != tt.releases || len(s.closed) != tt.closing {
				t.Errorf("released %v, closed %v", s.released, s.closed)
			}
			want := domain.Claim{Product: 7, Quantity: 2}
			want.ID, _ = domain.NewReservationID(id)
			for _, r := range s.released {
				if r.Claim != want || r.Message != "message-1" {
					t.Errorf("released %+v", r)
				}
			}
			for _, closed := range s.closed {
				if closed != want.ID {
					t.Errorf("closed %s", closed)
				}
			}
		})
	}
}

func TestEventsThatCanNeverBeHandled(t *testing.T) {
	for name, d := range map[string]event.Delivery{
		"another type":      delivery("order.created", order("pending")),
		"no JSON":           delivery("order.deleted", `{`),
		"no reservation":    delivery("order.deleted", `{"product_id":7,"quantity":2,"status":"pending"}`),
		"no product":        delivery("order.deleted", `{"reservation_id":"`+id+`","quantity":2,"status":"pending"}`),
		"no quantity":       delivery("order.status_changed", `{"reservation_id":"`+id+`","product_id":7,"status":"cancelled"}`),
		"shipped, but what": delivery("order.status_changed", `{"product_id":7,"quantity":1,"status":"shipped"}`),
		"text for a number": delivery("order.deleted", `{"reservation_id":"`+id+`","product_id":"7","quantity":2,"status":"pending"}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := &stock{}
			if err := bus.Handler(s)(t.Context(), d); errs.KindOf(err) != errs.Invalid {
				t.Errorf("got %v", err)
			}
			if len(s.released)+len(s.closed) > 0 {
				t.Errorf("released %v, closed %v", s.released, s.closed)
			}
		})
	}
}

func TestErrorsDecideWhatBecomesOfTheMessage(t *testing.T) {
	s := &stock{err: errs.ErrUnavailable}
	for _, status := range []string{"cancelled", "shipped"} {
		if err := bus.Handler(s)(t.Context(), delivery("order.status_changed", order(status))); !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("%s: got %v", status, err)
		}
	}
}

// A release that had been handled before is counted as what it is.
func TestARedeliveredReleaseIsADuplicate(t *testing.T) {
	tel := testkit.Telemetry(t)
	s := &stock{}
	h := observe.Handler(tel.Telemetry, "product", bus.Handler(s), "order.deleted")
	for _, s.repeated = range []bool{false, true} {
		if err := h(t.Context(), delivery("order.deleted", order("pending"))); err != nil {
			t.Fatal(err)
		}
	}
	for _, outcome := range []string{"acked", "duplicate"} {
		if n := tel.Value("product_messages_total", "event_type", "order.deleted", "outcome", outcome); n != 1 {
			t.Errorf("%v deliveries were %s, want 1", n, outcome)
		}
	}
}

// FuzzHandler: no payload does anything but release or close the reservation it
// names, or is refused for good.
func FuzzHandler(f *testing.F) {
	f.Add(true, order("cancelled"))
	f.Add(false, order("pending"))
	f.Add(true, `{"reservation_id":null,"product_id":1e3,"quantity":9223372036854775807,"status":"cancelled"}`)
	f.Fuzz(func(t *testing.T, changed bool, data string) {
		s, typ := &stock{}, "order.deleted"
		if changed {
			typ = "order.status_changed"
		}
		err := bus.Handler(s)(t.Context(), delivery(typ, data))
		if err != nil && (errs.KindOf(err) != errs.Invalid || len(s.released)+len(s.closed) > 0) {
			t.Fatalf("%q: %v, released %v, closed %v", data, err, s.released, s.closed)
		}
		for _, r := range s.released {
			if r.Claim.Product < 1 || r.Claim.Quantity < 1 || r.Claim.Quantity > domain.MaxQuantity {
				t.Fatalf("%q released %+v", data, r)
			}
		}
	})
}
