package app_test

import (
	"errors"
	"math"
	"sync"
	"testing"

	"shop/kit/errs"
	"shop/kit/money"
	"shop/order/adapters/memory"
	"shop/order/app"
	"shop/order/domain"
	"shop/order/ports"
)

func TestPlace(t *testing.T) {
	f := newFixture(t)
	s := f.place(three).Snapshot()
	if s.ID != 1 || s.Total != 5997 || s.Status != domain.Pending || s.ProductName != "Phone" || !s.CreatedAt.Equal(f.clock.Now()) {
		t.Errorf("placed %+v", s)
	}
	f.want(7, 1)
	f.wantEvents("1 order.created pending")
}

func TestPlaceRefused(t *testing.T) {
	tests := []struct {
		name  string
		place ports.PlaceOrder
		want  error
	}{
		{"no such product", ports.PlaceOrder{Product: 99, Quantity: 1}, domain.ErrProductNotFound},
		{"too few in stock", ports.PlaceOrder{Product: phone, Quantity: 11}, domain.ErrInsufficientStock},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			_, err := f.Place(t.Context(), buyer, test.place)
			wantError(t, "place", err, test.want)
			f.want(10, 0)
			f.wantEvents()
		})
	}
}

func TestPlaceCatalogueAway(t *testing.T) {
	f := newFixture(t)
	f.catalogue.Fail(domain.ErrCatalogueUnavailable)
	_, err := f.Place(t.Context(), buyer, three)
	wantError(t, "place", err, domain.ErrCatalogueUnavailable)
	f.want(10, 0)
}

func TestPlaceTotalTooLarge(t *testing.T) {
	store := memory.New()
	catalogue := memory.NewCatalogue(map[domain.ProductID]memory.Product{
		phone: {Name: "Moon", Price: money.MaxInput, Stock: math.MaxInt64},
	})
	f := newFixture(t)
	service := app.New(store, store, catalogue, f.clock.Now, func() string { return "r" })
	_, err := service.Place(t.Context(), buyer, ports.PlaceOrder{Product: phone, Quantity: domain.MaxQuantity})
	wantError(t, "place", err, domain.ErrTotalTooLarge)
}

// TestPlaceAfterCrash loses the answer of Add, after which nothing is left of
// the order but its reservation; settlement gives it back.
func TestPlaceAfterCrash(t *testing.T) {
	f := newFixture(t)
	var reserved domain.ReservationID
	f.catalogue.OnReserved(func(id domain.ReservationID) { reserved = id })
	f.store.FailNextAdd(errs.ErrUnavailable)
	_, err := f.Place(t.Context(), buyer, three)
	wantError(t, "place", err, errs.ErrUnavailable)
	f.want(7, 0)
	if d, err := f.Settle(t.Context(), reserved); err != nil || d != domain.Abandoned {
		t.Fatalf("settle: %q, %v", d, err)
	}
	f.catalogue.Release(reserved)
	f.want(10, 0)
}

// settleLate abandons the reservations of the next n requests before their
// orders are stored, as product does with those whose time is over.
func settleLate(f fixture, n int) {
	f.catalogue.OnReserved(func(id domain.ReservationID) {
		if n == 0 {
			return
		}
		n--
		if d, err := f.Settle(f.t.Context(), id); err != nil || d != domain.Abandoned {
			f.t.Errorf("settle: %q, %v", d, err)
		}
		f.catalogue.Release(id)
	})
}

func TestPlaceAfterSettlement(t *testing.T) {
	tests := []struct {
		name      string
		abandoned int
		want      error
	}{
		{"one reservation abandoned", 1, nil},
		{"two reservations abandoned", 2, nil},
		{"every reservation abandoned", math.MaxInt, domain.ErrReservationGone},
	}
	for _, key := range []domain.IdempotencyKey{"", "k"} {
		for _, test := range tests {
			t.Run(test.name+" with key "+string(key), func(t *testing.T) {
				f := newFixture(t)
				settleLate(f, test.abandoned)
				p := three
				p.Key = key
				_, err := f.Place(t.Context(), buyer, p)
				wantError(t, "place", err, test.want)
				if test.want != nil {
					if kind := errs.KindOf(err); kind != errs.Unavailable {
						t.Errorf("kind %s", kind)
					}
					f.want(10, 0)
					return
				}
				f.want(7, 1)
				f.wantEvents("1 order.created pending")
			})
		}
	}
}

// TestStockIsConstant lets buyers, cancellations, crashes and settlements run at
// once: pieces are in stock, in a living order or in a reservation that will be
// settled, never lost and never sold twice.
func TestStockIsConstant(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	var open []domain.ReservationID
	f.catalogue.OnReserved(func(id domain.ReservationID) {
		mu.Lock()
		defer mu.Unlock()
		open = append(open, id)
	})
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			if i%5 == 0 {
				f.store.FailNextAdd(errs.ErrUnavailable)
			}
			placed, err := f.Place(t.Context(), buyer, ports.PlaceOrder{Product: phone, Quantity: 1})
			if err != nil {
				if !errors.Is(err, domain.ErrInsufficientStock) && !errors.Is(err, errs.ErrUnavailable) {
					t.Errorf("place: %v", err)
				}
				return
			}
			if s := placed.Order.Snapshot(); i%3 == 0 {
				if _, err := f.ChangeStatus(t.Context(), buyer, ports.ChangeStatus{ID: s.ID, To: domain.Cancelled}); err != nil {
					t.Errorf("cancel: %v", err)
				}
				f.catalogue.Release(s.Reservation) // What order.status_changed makes product do.
			}
		})
	}
	running.Wait()
	for _, id := range open {
		d, err := f.Settle(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d == domain.Abandoned {
			f.catalogue.Release(id)
		}
	}
	pending := domain.Pending
	page, err := f.List(t.Context(), buyer, ports.List{Status: &pending, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.catalogue.Stock(phone) + page.Total; got != 10 {
		t.Errorf("%d in stock and %d sold, want 10 together", f.catalogue.Stock(phone), page.Total)
	}
}
