package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/testkit"
	"shop/order/adapters/memory"
	"shop/order/app"
	"shop/order/domain"
	"shop/order/ports"
)

const (
	buyer    domain.UserID    = 7
	stranger domain.UserID    = 8
	phone    domain.ProductID = 42
)

var three = ports.PlaceOrder{Product: phone, Quantity: 3}

// fixture is the core over its fakes: ten phones in stock and a clock that
// stands still.
type fixture struct {
	*app.Service
	t         *testing.T
	store     *memory.Store
	catalogue *memory.Catalogue
	clock     *testkit.Clock
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	store := memory.New()
	catalogue := memory.NewCatalogue(map[domain.ProductID]memory.Product{phone: {Name: "Phone", Price: 1999, Stock: 10}})
	clock := testkit.NewClock(time.Time{})
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", ids.Add(1)) }
	return fixture{app.New(store, store, catalogue, clock.Now, newID), t, store, catalogue, clock}
}

func (f fixture) place(p ports.PlaceOrder) domain.Order {
	f.t.Helper()
	placed, err := f.Place(f.t.Context(), buyer, p)
	if err != nil {
		f.t.Fatal("place:", err)
	}
	return placed.Order
}

func (f fixture) become(id domain.OrderID, statuses ...domain.Status) domain.Order {
	f.t.Helper()
	var o domain.Order
	for _, s := range statuses {
		var err error
		if o, err = f.ChangeStatus(f.t.Context(), buyer, ports.ChangeStatus{ID: id, To: s}); err != nil {
			f.t.Fatalf("become %s: %v", s, err)
		}
	}
	return o
}

// wantStock fails unless n phones are left and the buyer has that many orders.
func (f fixture) want(stock int64, orders int64) {
	f.t.Helper()
	if got := f.catalogue.Stock(phone); got != stock {
		f.t.Errorf("%d in stock, want %d", got, stock)
	}
	page, err := f.List(f.t.Context(), buyer, ports.List{Limit: 1})
	if err != nil || page.Total != orders {
		f.t.Errorf("%d orders, %v; want %d", page.Total, err, orders)
	}
}

// wantEvents fails unless these events were announced, in this order.
func (f fixture) wantEvents(want ...string) []event.Event {
	f.t.Helper()
	events := f.store.Announced()
	got := make([]string, 0, len(events))
	for _, e := range events {
		var d struct {
			Status   string `json:"status"`
			Previous string `json:"previous_status"`
			Sequence int64  `json:"sequence"`
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			f.t.Fatal(err)
		}
		if d.Sequence != e.Sequence {
			f.t.Errorf("sequence %d of the data, %d of the event", d.Sequence, e.Sequence)
		}
		text := fmt.Sprintf("%d %s %s", e.Sequence, e.Type, d.Status)
		if d.Previous != "" {
			text += " after " + d.Previous
		}
		got = append(got, text)
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		f.t.Errorf("events\n got %q\nwant %q", got, want)
	}
	return events
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}
