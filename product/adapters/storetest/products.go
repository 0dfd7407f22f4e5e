package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"

	"shop/product/domain"
)

func runProducts(t *testing.T, open func(t *testing.T) Store) {
	t.Run("a product comes back as it was stored", func(t *testing.T) {
		s := open(t)
		for _, text := range []string{"", "a", "Máy ảnh\n\"Đẹp\" %_\\ 😀", strings.Repeat("ơ", 1000)} {
			d := Draft(t, strings.Repeat("Ố", 255), "99999999.99", domain.MaxQuantity)
			d.Description = must(domain.NewDescription(text))(t)
			p := add(t, s, d, noon)
			if got := get(t, s, p.ID); got != p || got.Draft != d || got.Version != 1 || !got.CreatedAt.Equal(noon) {
				t.Errorf("got %+v, stored %+v", got, p)
			}
		}
		p := seed(t, s, 0)
		if _, given := get(t, s, p.ID).Description.Text(); given {
			t.Error("no description came back as one")
		}
	})

	t.Run("ids rise and are never given twice", func(t *testing.T) {
		s := open(t)
		first, second := seed(t, s, 1), seed(t, s, 1)
		must(s.Remove(t.Context(), second.ID, allow))(t)
		if third := seed(t, s, 1); first.ID < 1 || second.ID <= first.ID || third.ID <= second.ID {
			t.Errorf("ids %d, %d, removed, %d", first.ID, second.ID, third.ID)
		}
	})

	t.Run("an unknown product is not found", func(t *testing.T) {
		s := open(t)
		_, errGet := s.Get(t.Context(), 7)
		_, errUpdate := s.Update(t.Context(), 7, change(domain.Change{}, noon))
		_, errRemove := s.Remove(t.Context(), 7, allow)
		for _, err := range []error{errGet, errUpdate, errRemove} {
			if !errors.Is(err, domain.ErrProductNotFound) || errs.Of(err).Params["id"] != int64(7) {
				t.Errorf("got %v", err)
			}
		}
	})

	t.Run("an update sets just what it names", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		name, later := must(domain.NewName("Laptop"))(t), noon.Add(time.Hour)
		got := must(s.Update(t.Context(), p.ID, change(domain.Change{Name: &name}, later)))(t)
		want := p
		want.Name, want.UpdatedAt, want.Version = name, later, 2
		if got != want || get(t, s, p.ID) != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})

	t.Run("an update to what is there changes nothing", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		got := must(s.Update(t.Context(), p.ID, change(domain.Change{Name: &p.Name, Quantity: &p.Quantity}, noon.Add(time.Hour))))(t)
		if got != p || get(t, s, p.ID) != p {
			t.Errorf("got %+v, want %+v", got, p)
		}
	})

	t.Run("an update that is refused stores nothing", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		_, err := s.Update(t.Context(), p.ID, func(p domain.Product) (domain.Product, error) {
			return p.Give(1, noon), domain.ErrProductChanged
		})
		if !errors.Is(err, domain.ErrProductChanged) || get(t, s, p.ID) != p {
			t.Errorf("got %v, %+v", err, get(t, s, p.ID))
		}
	})

	t.Run("remove asks first, then returns what it removed", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 5)
		_, err := s.Remove(t.Context(), p.ID, func(domain.Product) error { return domain.ErrProductChanged })
		if !errors.Is(err, domain.ErrProductChanged) || get(t, s, p.ID) != p {
			t.Errorf("objection ignored: %v", err)
		}
		if got := must(s.Remove(t.Context(), p.ID, allow))(t); got != p {
			t.Errorf("removed %+v, want %+v", got, p)
		}
		if _, err := s.Get(t.Context(), p.ID); !errors.Is(err, domain.ErrProductNotFound) {
			t.Errorf("after removal: %v", err)
		}
	})
}

func allow(domain.Product) error { return nil }
