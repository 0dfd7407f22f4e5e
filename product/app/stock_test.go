package app_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/errs"
	"shop/kit/testkit"

	"shop/product/adapters/memory"
	"shop/product/adapters/storetest"
	"shop/product/app"
	"shop/product/domain"
	"shop/product/ports"
)

const ttl = time.Minute

type fixture struct {
	*app.Stock
	store  *memory.Store
	orders *memory.Orders
	clock  *testkit.Clock
}

func open() fixture {
	store, orders, clock := memory.New(), memory.NewOrders(), testkit.NewClock(time.Time{})
	return fixture{app.NewStock(store, orders, clock.Now, ttl), store, orders, clock}
}

func (f fixture) product(t *testing.T, n int64) domain.ID {
	t.Helper()
	p, err := f.store.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", n), f.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func (f fixture) left(t *testing.T, id domain.ID) domain.Quantity {
	t.Helper()
	p, err := f.store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.Quantity
}

func (f fixture) reserve(t *testing.T, c domain.Claim) domain.Reservation {
	t.Helper()
	r, err := f.Reserve(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f fixture) settle(t *testing.T) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = f.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSettle(t *testing.T) {
	f := open()
	id := f.product(t, 10)
	ordered, crashed := storetest.Claim(id, 1), storetest.Claim(id, 2)
	f.reserve(t, ordered)
	f.reserve(t, crashed)
	f.orders.Place(ordered.ID)

	f.clock.Advance(ttl - time.Microsecond)
	f.settle(t)
	if n := f.orders.Asked(); n != 0 {
		t.Errorf("asked %d times before the reservations expired", n)
	}
	f.clock.Advance(time.Microsecond)
	f.settle(t)
	if got := f.left(t, id); got != 9 {
		t.Errorf("%d left, want 9", got)
	}
	if r := f.reserve(t, ordered); r.State != domain.Confirmed {
		t.Errorf("the order's reservation is %s", r.State)
	}
	if _, err := f.Reserve(t.Context(), crashed); !errors.Is(err, domain.ErrReservationReleased) {
		t.Errorf("the abandoned one again: %v", err)
	}
	f.clock.Advance(time.Hour)
	f.settle(t)
	if n := f.orders.Asked(); n != 2 {
		t.Errorf("asked %d times, want once for each", n)
	}
}

func TestSettleWhileTheOrderServiceIsAway(t *testing.T) {
	f := open()
	id := f.product(t, 10)
	c := storetest.Claim(id, 4)
	f.reserve(t, c)
	f.orders.SetAway(true)
	f.clock.Advance(ttl)
	if _, err := f.Settle(t.Context()); !errors.Is(err, errs.ErrUnavailable) || !strings.Contains(err.Error(), "1 expired") {
		t.Errorf("got %v", err)
	}
	for range 100 { // Every second, for 100 seconds: asked ever more rarely.
		f.clock.Advance(time.Second)
		_, _ = f.Settle(t.Context()) // What it could not settle, it says; see above.
	}
	if n := f.orders.Asked(); n < 3 || n > 7 {
		t.Errorf("asked %d times in 100 s", n)
	}
	if r := f.reserve(t, c); r.State != domain.Open || f.left(t, id) != 6 {
		t.Errorf("reservation %s, %d left", r.State, f.left(t, id))
	}
	f.orders.SetAway(false)
	f.clock.Advance(5 * time.Minute)
	f.settle(t)
	if got := f.left(t, id); got != 10 {
		t.Errorf("%d left, want 10", got)
	}
}

func TestSettleManyBatches(t *testing.T) {
	f := open()
	const n = 200
	id := f.product(t, n)
	for range n {
		f.reserve(t, storetest.Claim(id, 1))
	}
	f.clock.Advance(ttl)
	f.settle(t)
	if got := f.left(t, id); got != n || f.orders.Asked() != n {
		t.Errorf("%d left, asked %d times", got, f.orders.Asked())
	}
}

func TestReleaseAndPurge(t *testing.T) {
	f := open()
	id := f.product(t, 10)
	released, shipped, kept := storetest.Claim(id, 1), storetest.Claim(id, 2), storetest.Claim(id, 3)
	for _, c := range []domain.Claim{released, shipped, kept} {
		f.reserve(t, c)
		f.orders.Place(c.ID)
	}
	f.clock.Advance(ttl)
	f.settle(t)
	if _, err := f.Release(t.Context(), ports.Release{Claim: released, Message: "m1"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(t.Context(), shipped.ID); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(29 * 24 * time.Hour)
	if more, err := f.Purge(t.Context()); more || err != nil {
		t.Errorf("got %v, %v", more, err)
	}
	if _, err := f.Reserve(t.Context(), released); !errors.Is(err, domain.ErrReservationReleased) {
		t.Errorf("forgotten after 29 days: %v", err)
	}
	f.clock.Advance(2 * 24 * time.Hour)
	if _, err := f.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The one whose order may still be cancelled is known for ever.
	if _, err := f.Release(t.Context(), ports.Release{Claim: kept, Message: "m2"}); err != nil {
		t.Fatal(err)
	}
	if got := f.left(t, id); got != 8 { // 10 − 2 shipped
		t.Errorf("%d left, want 8", got)
	}
}

// However claims, orders, releases and settlements meet, in the end every piece
// is in stock or in an order that exists.
func TestStockAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const total, claims = 30, 8
		f := open()
		id := f.product(t, total)
		fates := rapid.SliceOfN(rapid.SampledFrom([]string{"ordered", "crashed", "cancelled", "cancelled first"}), claims, claims).Draw(rt, "fates")
		var running sync.WaitGroup
		var ordered [claims]domain.Quantity
		for i, fate := range fates {
			c := storetest.Claim(id, domain.Quantity(1+i))
			running.Go(func() {
				release := ports.Release{Claim: c, Message: c.ID.String()}
				if fate == "cancelled first" {
					_, _ = f.Release(t.Context(), release) // The memory store never fails.
				}
				if _, err := f.Reserve(t.Context(), c); err != nil {
					return
				}
				switch fate {
				case "ordered":
					f.orders.Place(c.ID)
					ordered[i] = c.Quantity
				case "cancelled":
					f.orders.Place(c.ID)
					_, _ = f.Release(t.Context(), release)
					_, _ = f.Release(t.Context(), release)
				}
			})
			if rapid.Bool().Draw(rt, "settle now") {
				running.Go(func() { _, _ = f.Settle(t.Context()) })
			}
		}
		running.Wait()
		f.clock.Advance(ttl)
		f.settle(t)
		want := domain.Quantity(total)
		for _, n := range ordered {
			want -= n
		}
		if got := f.left(t, id); got != want {
			rt.Fatalf("%d left, want %d after %v", got, want, fates)
		}
	})
}
