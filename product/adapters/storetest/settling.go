package storetest

import (
	"errors"
	"testing"
	"time"

	"shop/product/domain"
)

func runSettling(t *testing.T, open func(t *testing.T) Store) {
	t.Run("open reservations fall due when they expire, the oldest first", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 10)
		var claims []domain.Claim
		for i := range 3 {
			c := Claim(p.ID, 1)
			_, _, err := s.Reserve(t.Context(), c, noon.Add(time.Duration(i)*time.Second), ttl)
			must0(t, err)
			claims = append(claims, c)
		}
		due(t, s, noon.Add(ttl-time.Microsecond), 10)
		due(t, s, noon.Add(ttl+time.Second), 1, claims[0])
		due(t, s, noon.Add(ttl+time.Second), 10, claims[1])
		due(t, s, noon.Add(ttl+2*time.Second), 10, claims[2])
	})

	t.Run("what was asked for falls due again, ever later", func(t *testing.T) {
		s := open(t)
		c := Claim(seed(t, s, 10).ID, 1)
		reserve(t, s, c)
		at := noon.Add(ttl)
		last := time.Duration(0)
		for attempt := 1; attempt <= 12; attempt++ {
			r := due(t, s, at, 10, c)[0]
			delay := r.DueAt.Sub(at)
			if r.Attempts != attempt || delay < last || delay <= 0 || delay > 5*time.Minute {
				t.Fatalf("attempt %d: %d counted, again in %v after %v", attempt, r.Attempts, delay, last)
			}
			due(t, s, r.DueAt.Add(-time.Microsecond), 10)
			at, last = r.DueAt, delay
		}
	})

	t.Run("what is confirmed, released or closed is never due", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 10)
		confirmed, released, closed := Claim(p.ID, 1), Claim(p.ID, 1), Claim(p.ID, 1)
		for _, c := range []domain.Claim{confirmed, released, closed} {
			reserve(t, s, c)
		}
		must0(t, s.Confirm(t.Context(), confirmed.ID))
		must0(t, s.Close(t.Context(), closed.ID, noon))
		release(t, s, released, "")
		release(t, s, Claim(p.ID, 1), "a tombstone")
		due(t, s, noon.Add(time.Hour), 10)
		if r := reserve(t, s, closed); r.State != domain.Confirmed {
			t.Errorf("closed reservation is %s", r.State)
		}
		must0(t, s.Confirm(t.Context(), Claim(p.ID, 1).ID))
		must0(t, s.Close(t.Context(), Claim(p.ID, 1).ID, noon))
	})

	t.Run("only what nobody asks for again is purged", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 10)
		opened, confirmed, closed, released := Claim(p.ID, 1), Claim(p.ID, 1), Claim(p.ID, 1), Claim(p.ID, 1)
		for _, c := range []domain.Claim{opened, confirmed, closed, released} {
			reserve(t, s, c)
		}
		purgeAt := noon.Add(time.Hour) // As release has it.
		must0(t, s.Confirm(t.Context(), confirmed.ID))
		must0(t, s.Close(t.Context(), closed.ID, purgeAt))
		must0(t, s.Close(t.Context(), closed.ID, purgeAt.Add(time.Hour)))
		release(t, s, released, "m1")
		release(t, s, released, "m2")
		release(t, s, Claim(p.ID, 1), "m3")

		purge(t, s, purgeAt.Add(-time.Microsecond), 10, 0)
		if err := refused(t, s, released); !errors.Is(err, domain.ErrReservationReleased) {
			t.Errorf("forgotten too early: %v", err)
		}
		purge(t, s, purgeAt, 2, 2)
		purge(t, s, purgeAt, 2, 1)
		purge(t, s, purgeAt.Add(1000*time.Hour), 10, 0)
		before := stock(t, s, p.ID)
		release(t, s, confirmed, "months later")
		release(t, s, opened, "")
		if got := stock(t, s, p.ID); got != before+2 {
			t.Errorf("stock is %d, want %d", got, before+2)
		}
	})

	t.Run("a closed reservation that is released all the same gives back", func(t *testing.T) {
		s := open(t)
		p := seed(t, s, 10)
		c := Claim(p.ID, 4)
		reserve(t, s, c)
		must0(t, s.Close(t.Context(), c.ID, noon.Add(time.Hour)))
		release(t, s, c, "m1")
		if got := stock(t, s, p.ID); got != 10 {
			t.Errorf("stock is %d", got)
		}
	})
}

// due expects exactly these claims to be due, in this order.
func due(t *testing.T, s Store, now time.Time, limit int, want ...domain.Claim) []domain.Reservation {
	t.Helper()
	got := must(s.Due(t.Context(), now, limit))(t)
	if len(got) != len(want) {
		t.Fatalf("%d due, want %d", len(got), len(want))
	}
	for i, c := range want {
		if got[i].Claim != c || got[i].State != domain.Open {
			t.Errorf("due is %+v, want %+v", got[i], c)
		}
	}
	return got
}

func purge(t *testing.T, s Store, now time.Time, limit, want int) {
	t.Helper()
	if n := must(s.Purge(t.Context(), now, noon, limit))(t); n != want {
		t.Errorf("purged %d, want %d", n, want)
	}
}
