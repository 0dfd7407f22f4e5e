// Package cataloguetest is the contract of ports.Catalogue as tests: every
// adapter passes it.
package cataloguetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"shop/kit/errs"
	"shop/order/adapters/memory"
	"shop/order/domain"
	"shop/order/ports"
)

// Open returns the adapter under test as a door to behind.
type Open func(t *testing.T, behind *memory.Catalogue) ports.Catalogue

const phone domain.ProductID = 42

// Run runs the contract against the catalogues that open returns.
func Run(t *testing.T, open Open) {
	fixture := func(t *testing.T) (ports.Catalogue, *memory.Catalogue) {
		behind := memory.NewCatalogue(map[domain.ProductID]memory.Product{
			phone: {Name: "Điện thoại <“Ốc”> 🐌", Price: 2_400_000_000, Stock: 10},
		})
		return open(t, behind), behind
	}
	t.Run("reserve takes pieces and tells name and price", func(t *testing.T) {
		c, behind := fixture(t)
		id := newID()
		got, err := c.Reserve(t.Context(), id, phone, 3)
		want := domain.Reserved{ID: id, ProductName: "Điện thoại <“Ốc”> 🐌", UnitPrice: 2_400_000_000}
		if err != nil || got != want {
			t.Errorf("reserved %+v, %v; want %+v", got, err, want)
		}
		wantStock(t, behind, 7)
	})
	t.Run("the same reservation again", func(t *testing.T) {
		c, behind := fixture(t)
		id := newID()
		first, err := c.Reserve(t.Context(), id, phone, 10)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.Reserve(t.Context(), id, phone, 10); err != nil || again != first {
			t.Errorf("again: %+v, %v; want %+v", again, err, first)
		}
		wantStock(t, behind, 0)
	})
	t.Run("no such product", func(t *testing.T) {
		c, _ := fixture(t)
		_, err := c.Reserve(t.Context(), newID(), 9007199254740993, 1)
		wantError(t, err, domain.ErrProductNotFound, errs.Refused)
		if got := errs.Of(err).Params["id"]; got != int64(9007199254740993) {
			t.Errorf("id %v", got)
		}
	})
	t.Run("too few in stock", func(t *testing.T) {
		c, behind := fixture(t)
		_, err := c.Reserve(t.Context(), newID(), phone, 11)
		wantError(t, err, domain.ErrInsufficientStock, errs.Refused)
		if p := errs.Of(err).Params; p["available"] != int64(10) || p["requested"] != int64(11) {
			t.Errorf("params %v", p)
		}
		wantStock(t, behind, 10)
	})
	t.Run("a reservation that was released", func(t *testing.T) {
		c, behind := fixture(t)
		id := newID()
		if _, err := c.Reserve(t.Context(), id, phone, 3); err != nil {
			t.Fatal(err)
		}
		behind.Release(id)
		_, err := c.Reserve(t.Context(), id, phone, 3)
		wantError(t, err, domain.ErrReservationGone, errs.Unavailable)
		wantStock(t, behind, 10)
	})
	t.Run("a reservation of something else", func(t *testing.T) {
		c, behind := fixture(t)
		id := newID()
		if _, err := c.Reserve(t.Context(), id, phone, 3); err != nil {
			t.Fatal(err)
		}
		_, err := c.Reserve(t.Context(), id, phone, 4)
		wantError(t, err, domain.ErrReservationGone, errs.Unavailable)
		wantStock(t, behind, 7)
	})
	t.Run("no answer", func(t *testing.T) {
		c, behind := fixture(t)
		behind.Fail(errs.ErrUnavailable, nil)
		for range 2 { // Refused; then reserved, but the answer is lost.
			_, err := c.Reserve(t.Context(), newID(), phone, 1)
			if kind := errs.KindOf(err); kind != errs.Unavailable {
				t.Errorf("error %v of kind %s", err, kind)
			}
		}
	})
	t.Run("a caller who does not wait", func(t *testing.T) {
		c, _ := fixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.Reserve(ctx, newID(), phone, 1)
		wantError(t, err, domain.ErrCatalogueUnavailable, errs.Unavailable)
	})
	t.Run("never more than there is", func(t *testing.T) {
		c, behind := fixture(t)
		var running sync.WaitGroup
		for range 24 {
			running.Go(func() {
				if _, err := c.Reserve(t.Context(), newID(), phone, 1); err != nil && !errors.Is(err, domain.ErrInsufficientStock) {
					t.Errorf("reserve: %v", err)
				}
			})
		}
		running.Wait()
		wantStock(t, behind, 0)
	})
}

func newID() domain.ReservationID { return domain.ReservationID(uuid.NewString()) }

func wantStock(t *testing.T, c *memory.Catalogue, want int64) {
	t.Helper()
	if got := c.Stock(phone); got != want {
		t.Errorf("%d in stock, want %d", got, want)
	}
}

func wantError(t *testing.T, got, want error, kind errs.Kind) {
	t.Helper()
	if !errors.Is(got, want) || errs.KindOf(got) != kind {
		t.Errorf("error %v of kind %s, want %v of kind %s", got, errs.KindOf(got), want, kind)
	}
}
