package metrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/testkit"
	"shop/order/adapters/memory"
	"shop/order/adapters/metrics"
	"shop/order/domain"
	"shop/order/ports"
)

// scripted answers Place with what it is told.
type scripted struct {
	ports.Service
	placed ports.Placed
	err    error
}

func (s *scripted) Place(context.Context, domain.UserID, ports.PlaceOrder) (ports.Placed, error) {
	return s.placed, s.err
}

func TestPlaced(t *testing.T) {
	tests := []struct {
		outcome string
		placed  ports.Placed
		err     error
	}{
		{"placed", ports.Placed{}, nil},
		{"replayed", ports.Placed{Replayed: true}, nil},
		{"replayed", ports.Placed{}, &ports.Replay{Refusal: domain.ErrInsufficientStock}},
		{"insufficient_stock", ports.Placed{}, domain.ErrInsufficientStock.With("available", 3)},
		{"product_not_found", ports.Placed{}, domain.ErrProductNotFound},
		{"product_service_unavailable", ports.Placed{}, domain.ErrCatalogueUnavailable},
		{"idempotency_key_in_use", ports.Placed{}, domain.ErrKeyInUse},
		{"unavailable", ports.Placed{}, errs.ErrUnavailable},
		{"timeout", ports.Placed{}, context.DeadlineExceeded},
		{"error", ports.Placed{}, errors.New("a bug")},
		{"error", ports.Placed{}, errs.New(errs.Conflict, "never_heard_of")},
	}
	tel := testkit.Telemetry(t)
	behind := &scripted{}
	s := metrics.NewService(behind, tel.Telemetry)
	series := tel.Series("orders_placed_total")
	for _, test := range tests {
		before := tel.Value("orders_placed_total", "outcome", test.outcome)
		behind.placed, behind.err = test.placed, test.err
		if _, err := s.Place(t.Context(), 7, ports.PlaceOrder{}); !errors.Is(err, test.err) {
			t.Errorf("error %v, want %v", err, test.err)
		}
		if got := tel.Value("orders_placed_total", "outcome", test.outcome); got != before+1 {
			t.Errorf("%v: %s is %v, was %v", test.err, test.outcome, got, before)
		}
	}
	if got := tel.Series("orders_placed_total"); got != series || series < 10 {
		t.Errorf("%d series, were %d: all exist from the start", got, series)
	}
}

var now = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)

func TestChanges(t *testing.T) {
	tel := testkit.Telemetry(t)
	store := memory.New()
	s := metrics.NewOrders(store, tel.Telemetry)
	announce := func(domain.Order) (event.Event, error) { return event.Event{}, nil }
	o, err := domain.Place(7, 42, 1, domain.Reserved{ID: "r", ProductName: "x", UnitPrice: 1}, now)
	if err != nil {
		t.Fatal(err)
	}
	if o, err = s.Add(t.Context(), o, announce, nil); err != nil {
		t.Fatal(err)
	}
	confirmed, err := o.Become(domain.Confirmed, now)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second is stale and not counted.
		err = s.Update(t.Context(), confirmed, announce)
	}
	if !errors.Is(err, ports.ErrStale) {
		t.Errorf("second update: %v", err)
	}
	if err := s.Remove(t.Context(), confirmed.Delete(now), announce); err != nil {
		t.Fatal(err)
	}
	for _, id := range []domain.ReservationID{"r", "r", "unknown"} {
		if _, err := s.Settle(t.Context(), id, now); err != nil {
			t.Fatal(err)
		}
	}
	for status, want := range map[string]float64{"pending": 1, "confirmed": 1, "deleted": 1, "shipped": 0, "cancelled": 0} {
		if got := tel.Value("order_status_changes_total", "status", status); got != want {
			t.Errorf("%v orders became %s, want %v", got, status, want)
		}
	}
	if keep, abandoned := tel.Value("order_reservations_settled_total", "decision", "keep"),
		tel.Value("order_reservations_settled_total", "decision", "abandoned"); keep != 2 || abandoned != 1 {
		t.Errorf("%v kept, %v abandoned", keep, abandoned)
	}
}
