// Package storetest is the contract of ports.Products and ports.Reservations as
// tests. Every adapter runs them, so that each may stand in for another.
package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"shop/product/domain"
	"shop/product/ports"
)

// Store is one empty store seen through both of its ports.
type Store struct {
	ports.Products
	ports.Reservations
}

// Run holds the stores that open returns to the contract.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Run("products", func(t *testing.T) { runProducts(t, open) })
	t.Run("listing", func(t *testing.T) { runListing(t, open) })
	t.Run("reservations", func(t *testing.T) { runReservations(t, open) })
	t.Run("settling", func(t *testing.T) { runSettling(t, open) })
	t.Run("races", func(t *testing.T) { runRaces(t, open) })
}

// The instant at which the tests' things happen, and how long claims last.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

const ttl = time.Minute

// Draft returns a valid draft.
func Draft(t testing.TB, name, price string, quantity int64) domain.Draft {
	t.Helper()
	return domain.Draft{
		Name:     must(domain.NewName(name))(t),
		Price:    must(domain.NewPrice(price))(t),
		Quantity: must(domain.NewQuantity(quantity))(t),
	}
}

// Claim returns a claim with a fresh ID.
func Claim(product domain.ID, n domain.Quantity) domain.Claim {
	return domain.Claim{ID: domain.ReservationID(uuid.New()), Product: product, Quantity: n}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// seed stores a product with n pieces.
func seed(t testing.TB, s Store, n int64) domain.Product {
	t.Helper()
	return add(t, s, Draft(t, "Điện thoại", "100.00", n), noon)
}

func add(t testing.TB, s Store, d domain.Draft, at time.Time) domain.Product {
	t.Helper()
	return must(s.Add(t.Context(), domain.NewProduct(d, at)))(t)
}

func get(t testing.TB, s Store, id domain.ID) domain.Product {
	t.Helper()
	return must(s.Get(t.Context(), id))(t)
}

func stock(t testing.TB, s Store, id domain.ID) domain.Quantity {
	t.Helper()
	return get(t, s, id).Quantity
}

func reserve(t testing.TB, s Store, c domain.Claim) domain.Reservation {
	t.Helper()
	r, _, err := s.Reserve(t.Context(), c, noon, ttl)
	return must(r, err)(t)
}

func refused(t testing.TB, s Store, c domain.Claim) error {
	t.Helper()
	r, moved, err := s.Reserve(t.Context(), c, noon, ttl)
	if err == nil {
		t.Fatalf("claim accepted: %+v", r)
	}
	if moved != (ports.Movement{}) {
		t.Errorf("a refused claim moved %+v", moved)
	}
	return err
}

func release(t testing.TB, s Store, c domain.Claim, message string) ports.Movement {
	t.Helper()
	return must(s.Release(t.Context(), ports.Release{Claim: c, Message: message}, noon, noon.Add(time.Hour)))(t)
}

// change returns the argument of Update that applies c.
func change(c domain.Change, at time.Time) func(domain.Product) (domain.Product, error) {
	return func(p domain.Product) (domain.Product, error) { return p.Apply(c, at), nil }
}
