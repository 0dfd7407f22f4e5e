package app_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"shop/kit/testkit"

	"shop/product/adapters/memory"
	"shop/product/adapters/storetest"
	"shop/product/app"
	"shop/product/domain"
	"shop/product/ports"
)

func catalogue(t *testing.T) (*app.Catalogue, *testkit.Clock) {
	t.Helper()
	clock := testkit.NewClock(time.Time{})
	return app.NewCatalogue(memory.New(), clock.Now), clock
}

func create(t *testing.T, c *app.Catalogue, name string) domain.Product {
	t.Helper()
	p, err := c.Create(t.Context(), storetest.Draft(t, name, "19.99", 3))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUpdateAsIfAlone(t *testing.T) {
	c, clock := catalogue(t)
	p := create(t, c, "Laptop")
	clock.Advance(time.Minute)
	none := domain.Quantity(0)
	update := ports.Update{ID: p.ID, Change: domain.Change{Quantity: &none}, Match: ports.Match{Required: true, Versions: []int64{1}}}
	changed, err := c.Update(t.Context(), update)
	if err != nil || changed.Quantity != 0 || changed.Version != 2 || !changed.UpdatedAt.Equal(clock.Now()) {
		t.Fatalf("got %+v, %v", changed, err)
	}
	clock.Advance(time.Minute)
	if _, err := c.Update(t.Context(), update); !errors.Is(err, domain.ErrProductChanged) {
		t.Errorf("stale update: %v", err)
	}
	update.Match.Versions = []int64{7, 2}
	if again, err := c.Update(t.Context(), update); err != nil || again != changed {
		t.Errorf("update to the same: %+v, %v", again, err)
	}
	if err := c.Delete(t.Context(), ports.Delete{ID: p.ID, Match: ports.Match{Required: true}}); !errors.Is(err, domain.ErrProductChanged) {
		t.Errorf("delete on no version: %v", err)
	}
	if err := c.Delete(t.Context(), ports.Delete{ID: p.ID, Match: update.Match}); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), p.ID); !errors.Is(err, domain.ErrProductNotFound) {
		t.Errorf("after delete: %v", err)
	}
}

func TestPages(t *testing.T) {
	c, _ := catalogue(t)
	for i := range 7 {
		create(t, c, fmt.Sprint("Laptop ", i))
	}
	list := func(l ports.List) ports.Page {
		t.Helper()
		page, err := c.List(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	first := list(ports.List{Limit: 4})
	if len(first.Products) != 4 || first.Next == nil || first.Total != 7 || !first.Exact {
		t.Fatalf("first page: %+v", first)
	}
	second := list(ports.List{Limit: 4, After: first.Next})
	if len(second.Products) != 3 || second.Next != nil || second.Total != 7 {
		t.Errorf("second page: %+v", second)
	}
	if full := list(ports.List{Limit: 7}); len(full.Products) != 7 || full.Next != nil {
		t.Errorf("a page that holds all: %+v", full)
	}
	if beyond := list(ports.List{Limit: 4, Skip: 100}); len(beyond.Products) != 0 || beyond.Next != nil || beyond.Total != 7 {
		t.Errorf("beyond the end: %+v", beyond)
	}
	filtered := list(ports.List{Limit: 4, Filter: domain.Filter{Words: []string{"laptop", "3"}}})
	if len(filtered.Products) != 1 || filtered.Total != 1 || !filtered.Exact {
		t.Errorf("filtered: %+v", filtered)
	}
}
