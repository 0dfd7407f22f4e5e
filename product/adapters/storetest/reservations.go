package storetest

import (
	"errors"
	"testing"
	"time"

	"shop/kit/errs"

	"shop/product/domain"
	"shop/product/ports"
)

func runReservations(t *testing.T, open func(t *testing.T) Store) {
	t.Run("a reservation takes pieces and tells name and price", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		c := Claim(p.ID, 2)
		r, moved, err := s.Reserve(t.Context(), c, noon.Add(time.Second), ttl)
		if err != nil {
			t.Fatal(err)
		}
		if r.Claim != c || r.ProductName != p.Name || r.UnitPrice != p.Price || r.State != domain.Open ||
			!r.ExpiresAt.Equal(noon.Add(time.Second+ttl)) {
			t.Errorf("got %+v", r)
		}
		want := p
		want.Quantity, want.Version, want.UpdatedAt = 3, 2, noon.Add(time.Second)
		if got := get(t, s, p.ID); got != want || moved != (ports.Movement{Product: p.ID, Version: 2}) {
			t.Errorf("product is %+v after %+v, want %+v", got, moved, want)
		}
	})

	t.Run("what is not there is refused and leaves no trace", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 3)
		short := Claim(p.ID, 5)
		err := refused(t, s, short)
		if e := errs.Of(err); !errors.Is(err, domain.ErrInsufficientStock) || e.Params["available"] != int64(3) || e.Params["requested"] != int64(5) {
			t.Errorf("got %v", err)
		}
		unknown := Claim(p.ID+1, 1)
		if err := refused(t, s, unknown); !errors.Is(err, domain.ErrProductNotFound) || errs.Of(err).Params["id"] != int64(p.ID+1) {
			t.Errorf("got %v", err)
		}
		if get(t, s, p.ID) != p {
			t.Error("the product changed")
		}
		enough := domain.Quantity(9)
		must(s.Update(t.Context(), p.ID, change(domain.Change{Quantity: &enough}, noon)))(t)
		reserve(t, s, short)
	})

	t.Run("the same claim gets the same answer, whatever has become of the product", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 2)
		c := Claim(p.ID, 2)
		first := reserve(t, s, c)
		again := func(when string) {
			t.Helper()
			r, _, err := s.Reserve(t.Context(), c, noon.Add(time.Hour), ttl)
			r.State = first.State
			if err != nil || r != first {
				t.Errorf("%s: got %+v, %v, want %+v", when, r, err, first)
			}
		}
		again("sold out")
		name, price := must(domain.NewName("Laptop"))(t), must(domain.NewPrice("7"))(t)
		must(s.Update(t.Context(), p.ID, change(domain.Change{Name: &name, Price: &price}, noon)))(t)
		again("renamed and dearer")
		must0(t, s.Confirm(t.Context(), c.ID))
		again("confirmed")
		must(s.Remove(t.Context(), p.ID, allow))(t)
		again("removed")
	})

	t.Run("one id with other content is a mismatch", func(t *testing.T) {
		s := open(t)
		p, other := seed(t, s, 5), seed(t, s, 5)
		c := Claim(p.ID, 2)
		reserve(t, s, c)
		for _, wrong := range []domain.Claim{{ID: c.ID, Product: p.ID, Quantity: 3}, {ID: c.ID, Product: other.ID, Quantity: 2}} {
			if err := refused(t, s, wrong); !errors.Is(err, domain.ErrReservationMismatch) {
				t.Errorf("got %v", err)
			}
		}
		if stock(t, s, p.ID) != 3 || stock(t, s, other.ID) != 5 {
			t.Error("a mismatch moved stock")
		}
	})

	for _, confirmed := range []bool{false, true} {
		t.Run(map[bool]string{false: "open", true: "confirmed"}[confirmed]+" pieces come back once", func(t *testing.T) {
			s := open(t)
			p := seed(t, s, 5)
			c := Claim(p.ID, 2)
			reserve(t, s, c)
			if confirmed {
				must0(t, s.Confirm(t.Context(), c.ID))
			}
			for i, message := range []string{"m1", "m1", "m2", ""} {
				if moved := release(t, s, c, message); moved != (ports.Movement{Product: p.ID, Version: 3, Repeated: i == 1}) {
					t.Errorf("release by %q moved %+v", message, moved)
				}
			}
			must0(t, s.Confirm(t.Context(), c.ID))
			if got := stock(t, s, p.ID); got != 5 {
				t.Errorf("stock is %d, want 5", got)
			}
			if err := refused(t, s, c); !errors.Is(err, domain.ErrReservationReleased) {
				t.Errorf("claimed again: %v", err)
			}
		})
	}

	t.Run("a release before its claim wins", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		c := Claim(p.ID, 2)
		if moved := release(t, s, c, "m1"); moved != (ports.Movement{}) {
			t.Errorf("moved %+v", moved)
		}
		for _, late := range []domain.Claim{c, {ID: c.ID, Product: p.ID, Quantity: 1}} {
			if err := refused(t, s, late); !errors.Is(err, domain.ErrReservationReleased) {
				t.Errorf("got %v", err)
			}
		}
		release(t, s, c, "m2")
		if get(t, s, p.ID) != p {
			t.Error("the product changed")
		}
	})

	t.Run("what an older system took is given back once, though nobody claimed it here", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		c := domain.Claim{ID: must(domain.NewReservationID("01d00000-0000-8000-8000-00000000002a"))(t), Product: p.ID, Quantity: 2}
		must0(t, s.Close(t.Context(), c.ID, noon))
		for i, message := range []string{"m1", "m1", "m2", ""} {
			if moved := release(t, s, c, message); moved != (ports.Movement{Product: p.ID, Version: 2, Repeated: i == 1}) {
				t.Errorf("release by %q moved %+v", message, moved)
			}
		}
		must(s.Purge(t.Context(), noon.Add(1000*time.Hour), noon.Add(1000*time.Hour), 100))(t)
		release(t, s, c, "m3")
		if got := stock(t, s, p.ID); got != 7 {
			t.Errorf("stock is %d, want 7", got)
		}
		c.ID, c.Product = must(domain.NewReservationID("01d00000-0000-8000-8000-00000000002b"))(t), p.ID+1
		if moved := release(t, s, c, "m4"); moved != (ports.Movement{}) {
			t.Errorf("a product that is not there: moved %+v", moved)
		}
	})

	t.Run("nothing of a product without a price is for sale", func(t *testing.T) {
		s := open(t)
		p := add(t, s, domain.Draft{Name: must(domain.NewName("Gift"))(t), Price: domain.RestorePrice(0), Quantity: 5}, noon)
		err := refused(t, s, Claim(p.ID, 2))
		if e := errs.Of(err); !errors.Is(err, domain.ErrInsufficientStock) || e.Params["available"] != int64(0) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a removed product takes nothing back and is not held by its reservations", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		c := Claim(p.ID, 2)
		reserve(t, s, c)
		must(s.Remove(t.Context(), p.ID, allow))(t)
		if moved := release(t, s, c, "m1"); moved != (ports.Movement{}) {
			t.Errorf("moved %+v", moved)
		}
		if err := refused(t, s, c); !errors.Is(err, domain.ErrReservationReleased) {
			t.Errorf("got %v", err)
		}
		if err := refused(t, s, Claim(p.ID, 1)); !errors.Is(err, domain.ErrProductNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func must0(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
