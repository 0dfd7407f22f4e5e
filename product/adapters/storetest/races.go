package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/product/domain"
	"shop/product/ports"
)

func runRaces(t *testing.T, open func(t *testing.T) Store) {
	t.Run("never oversold", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 10)
		sold := count(t, 40, func(int) error {
			_, _, err := s.Reserve(t.Context(), Claim(p.ID, 1), noon, ttl)
			return err
		}, domain.ErrInsufficientStock)
		if got := stock(t, s, p.ID); sold != 10 || got != 0 {
			t.Errorf("sold %d of 10, %d left", sold, got)
		}
	})

	t.Run("one claim, sent many times at once, is one reservation", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 3) // Less than twice the claim: a repetition must not ask for stock of its own.
		c := Claim(p.ID, 2)
		answered := count(t, 20, func(int) error {
			r, _, err := s.Reserve(t.Context(), c, noon, ttl)
			if err == nil && r.Claim != c {
				err = fmt.Errorf("answered %+v", r)
			}
			return err
		})
		if got := stock(t, s, p.ID); answered != 20 || got != 1 {
			t.Errorf("%d of 20 answered, %d left, want 1", answered, got)
		}
	})

	t.Run("claim and release at once leave the stock whole", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 100)
		count(t, 60, func(i int) error {
			c := claimNumber(p.ID, i/3) // One claims, two release.
			if i%3 == 0 {
				_, _, err := s.Reserve(t.Context(), c, noon, ttl)
				return err
			}
			_, err := s.Release(t.Context(), ports.Release{Claim: c, Message: fmt.Sprint(i)}, noon, noon)
			return err
		}, domain.ErrReservationReleased)
		if got := stock(t, s, p.ID); got != 100 {
			t.Errorf("stock is %d, want 100", got)
		}
	})

	t.Run("updates of the name lose no reservation", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 100)
		count(t, 40, func(i int) error {
			if i%2 == 0 {
				_, _, err := s.Reserve(t.Context(), Claim(p.ID, 1), noon, ttl)
				return err
			}
			name, err := domain.NewName(fmt.Sprint("name ", i))
			if err != nil {
				return err
			}
			_, err = s.Update(t.Context(), p.ID, change(domain.Change{Name: &name}, noon))
			return err
		})
		if got := get(t, s, p.ID); got.Quantity != 80 || got.Version != 41 {
			t.Errorf("got %+v", got)
		}
	})

	t.Run("no reservation is given to two who ask", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 100)
		for range 20 {
			reserve(t, s, Claim(p.ID, 1))
		}
		var mu sync.Mutex
		seen := map[domain.ReservationID]int{}
		count(t, 8, func(int) error {
			got, err := s.Due(t.Context(), noon.Add(ttl), 5)
			mu.Lock()
			defer mu.Unlock()
			for _, r := range got {
				seen[r.ID]++
			}
			return err
		})
		for _, r := range must(s.Due(t.Context(), noon.Add(ttl), 100))(t) {
			seen[r.ID]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s was given %d times", id, n)
			}
		}
		if len(seen) != 20 {
			t.Errorf("%d of 20 were given", len(seen))
		}
	})

	t.Run("stock and reserved pieces add up, whatever happens in whichever order", func(t *testing.T) {
		s := open(t)
		rapid.Check(t, func(rt *rapid.T) { addUp(t, rt, s) })
	})
}

// addUp drives one product through a random history, some of it concurrent, and
// compares its stock with the reservations that hold pieces in the end.
func addUp(t *testing.T, rt *rapid.T, s Store) {
	const claims = 6
	p := seed(t, s, 20)
	var ids [claims]domain.Claim
	for i := range ids {
		ids[i] = Claim(p.ID, domain.Quantity(1+i))
	}
	steps := rapid.SliceOfN(rapid.IntRange(0, claims*4-1), 1, 12).Draw(rt, "steps")
	var running sync.WaitGroup
	failed := make([]error, len(steps))
	for i, step := range steps {
		running.Go(func() {
			c := ids[step/4]
			switch step % 4 {
			case 0, 1:
				_, _, failed[i] = s.Reserve(t.Context(), c, noon, ttl)
			case 2:
				_, failed[i] = s.Release(t.Context(), ports.Release{Claim: c, Message: c.ID.String() + fmt.Sprint(i)}, noon, noon.Add(time.Hour))
			case 3:
				failed[i] = s.Confirm(t.Context(), c.ID)
			}
		})
		if i%4 == 3 {
			running.Wait()
		}
	}
	running.Wait()
	for _, err := range failed {
		if err != nil && !errors.Is(err, domain.ErrReservationReleased) && !errors.Is(err, domain.ErrInsufficientStock) {
			rt.Fatal(err)
		}
	}
	left := stock(t, s, p.ID)
	// Whoever still holds pieces is told by its release: it moves stock.
	for _, c := range ids {
		before := stock(t, s, p.ID)
		release(t, s, c, "")
		if back := stock(t, s, p.ID) - before; back != 0 && back != c.Quantity {
			rt.Fatalf("claim of %d gave back %d", c.Quantity, back)
		}
	}
	if got := stock(t, s, p.ID); got != 20 || left < 0 || left > 20 {
		rt.Fatalf("stock is %d after all releases and was %d before, of 20", got, left)
	}
}

// claimNumber returns the same claim for the same i.
func claimNumber(product domain.ID, i int) domain.Claim {
	return domain.Claim{ID: domain.ReservationID{byte(product), byte(i), 1}, Product: product, Quantity: 1}
}

// count runs f n times at once and returns how often it succeeded; errors other
// than the accepted fail the test.
func count(t *testing.T, n int, f func(i int) error, accepted ...error) int {
	t.Helper()
	results := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { results[i] = f(i) })
	}
	running.Wait()
	succeeded := 0
next:
	for _, err := range results {
		if err == nil {
			succeeded++
			continue
		}
		for _, a := range accepted {
			if errors.Is(err, a) {
				continue next
			}
		}
		t.Error(err)
	}
	return succeeded
}
