// Package idempotencytest is the contract of ports.Idempotency as tests: every
// adapter passes it.
package idempotencytest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/order/domain"
	"shop/order/ports"
)

// Open returns an empty store.
type Open func(t *testing.T) ports.Idempotency

var (
	start   = time.Date(2026, time.March, 14, 15, 9, 26, 535897000, time.UTC)
	refusal = domain.ErrInsufficientStock.With("available", int64(3)).With("requested", int64(5))
)

// request returns what one user presents; tests change what matters to them.
func request() ports.Presentation {
	return ports.Presentation{User: 7, Key: "k ~!", Request: domain.Fingerprint{1, 2, 3}, Reservation: "r1", At: start}
}

// Run runs the contract against the stores that open returns.
func Run(t *testing.T, open Open) {
	t.Run("a key that was never presented", func(t *testing.T) {
		a := attempt(t, open(t), request())
		if a != (ports.Attempt{User: 7, Key: "k ~!", Number: a.Number, Reservation: "r1"}) {
			t.Errorf("attempt %+v", a)
		}
	})
	t.Run("a key in use", func(t *testing.T) {
		keys, p := open(t), request()
		attempt(t, keys, p)
		p.At = start.Add(5 * time.Second)
		_, outcome, err := keys.Present(t.Context(), p)
		wantError(t, "present", err, domain.ErrKeyInUse)
		if wait := errs.Of(err).RetryAfter; outcome != nil || wait < 9*time.Second || wait > domain.KeyLease-5*time.Second {
			t.Errorf("outcome %v, wait %s; want none and about 10s", outcome, wait)
		}
	})
	t.Run("a key for another request", func(t *testing.T) {
		keys, p := open(t), request()
		a := attempt(t, keys, p)
		p.Request = domain.Fingerprint{9}
		_, _, err := keys.Present(t.Context(), p)
		wantError(t, "while in use", err, domain.ErrKeyReused)
		if err := keys.Refuse(t.Context(), a, refusal); err != nil {
			t.Fatal(err)
		}
		_, _, err = keys.Present(t.Context(), p)
		wantError(t, "when answered", err, domain.ErrKeyReused)
	})
	t.Run("the same key of another user, another key of the same user", func(t *testing.T) {
		keys, p := open(t), request()
		attempt(t, keys, p)
		other := p
		other.User, other.Request = 8, domain.Fingerprint{9}
		attempt(t, keys, other)
		other = p
		other.Key = "K ~!" // Keys differ by case.
		attempt(t, keys, other)
	})
	t.Run("a crashed attempt is taken over after its lease, with its reservation", func(t *testing.T) {
		keys, p := open(t), request()
		first := attempt(t, keys, p)
		p.At, p.Reservation = start.Add(domain.KeyLease), "r2"
		second := attempt(t, keys, p)
		if second.Reservation != "r1" || second.Number == first.Number {
			t.Errorf("attempts %+v and %+v", first, second)
		}
		_, _, err := keys.Present(t.Context(), p)
		wantError(t, "third", err, domain.ErrKeyInUse)
		_, err = keys.Renew(t.Context(), first, "r3", p.At)
		wantError(t, "renew of the first", err, ports.ErrSuperseded)
		wantError(t, "refuse of the first", keys.Refuse(t.Context(), first, refusal), ports.ErrSuperseded)
		if err := keys.GiveUp(t.Context(), first); err != nil {
			t.Errorf("give up of the first: %v", err)
		}
		_, _, err = keys.Present(t.Context(), p)
		wantError(t, "the second is still alive", err, domain.ErrKeyInUse)
		if err := keys.Refuse(t.Context(), second, refusal); err != nil {
			t.Errorf("refuse of the second: %v", err)
		}
	})
	t.Run("an attempt that gave up is followed at once, with its reservation", func(t *testing.T) {
		keys, p := open(t), request()
		first := attempt(t, keys, p)
		if err := keys.GiveUp(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		p.Reservation = "r2"
		if second := attempt(t, keys, p); second.Reservation != "r1" || second.Number == first.Number {
			t.Errorf("attempts %+v and %+v", first, second)
		}
	})
	t.Run("a renewed attempt has another reservation and a whole lease", func(t *testing.T) {
		keys, p := open(t), request()
		first := attempt(t, keys, p)
		renewed, err := keys.Renew(t.Context(), first, "r2", start.Add(10*time.Second))
		if err != nil || renewed.Reservation != "r2" || renewed.Number != first.Number {
			t.Fatalf("renew: %+v, %v", renewed, err)
		}
		p.At = start.Add(domain.KeyLease)
		_, _, err = keys.Present(t.Context(), p)
		wantError(t, "present", err, domain.ErrKeyInUse)
		p.At = start.Add(10*time.Second + domain.KeyLease)
		if second := attempt(t, keys, p); second.Reservation != "r2" {
			t.Errorf("took over %+v", second)
		}
	})
	t.Run("a refusal is the outcome for a day", func(t *testing.T) {
		keys, p := open(t), request()
		a := attempt(t, keys, p)
		if err := keys.Refuse(t.Context(), a, refusal.Wrap(errs.ErrTimeout)); err != nil {
			t.Fatal(err)
		}
		p.At = start.Add(domain.KeyRetention - time.Microsecond)
		_, outcome, err := keys.Present(t.Context(), p)
		if err != nil || outcome == nil || outcome.Refusal == nil || outcome.Order != nil {
			t.Fatalf("present: %+v, %v", outcome, err)
		}
		got := outcome.Refusal
		if got.Kind != errs.Refused || got.Code != refusal.Code || fmt.Sprint(got.Params) != fmt.Sprint(refusal.Params) {
			t.Errorf("refusal %v, want %v", got, refusal)
		}
		wantError(t, "second refusal", keys.Refuse(t.Context(), a, refusal), ports.ErrSuperseded)
	})
	t.Run("a key stands for a new request after a day", func(t *testing.T) {
		keys, p := open(t), request()
		first := attempt(t, keys, p)
		if err := keys.Refuse(t.Context(), first, refusal); err != nil {
			t.Fatal(err)
		}
		p.At, p.Request, p.Reservation = start.Add(domain.KeyRetention), domain.Fingerprint{9}, "r2"
		second := attempt(t, keys, p)
		if second.Reservation != "r2" || second.Number == first.Number {
			t.Errorf("attempts %+v and %+v", first, second)
		}
		_, _, err := keys.Present(t.Context(), p)
		wantError(t, "present again", err, domain.ErrKeyInUse)
	})
	t.Run("purge forgets what is old, a batch at a time", func(t *testing.T) {
		keys, p := open(t), request()
		for i := range 5 {
			p.Key, p.At = domain.IdempotencyKey(fmt.Sprint("k", i)), start.Add(time.Duration(i)*time.Hour)
			attempt(t, keys, p)
		}
		for _, want := range []int{2, 1, 0} {
			n, err := keys.Purge(t.Context(), start.Add(3*time.Hour), 2)
			if err != nil || n != want {
				t.Errorf("purged %d, %v; want %d", n, err, want)
			}
		}
		p.Key, p.At = "k0", start
		attempt(t, keys, p)
		p.Key, p.At = "k3", start.Add(3*time.Hour)
		_, _, err := keys.Present(t.Context(), p)
		wantError(t, "a key that was kept", err, domain.ErrKeyInUse)
	})
	t.Run("of many requests at once one is carried out", func(t *testing.T) {
		keys, p := open(t), request()
		atOnce(t, keys, p)
		p.At = start.Add(domain.KeyLease)
		atOnce(t, keys, p) // The takeover, too.
	})
}

// atOnce presents p many times and fails unless there is one attempt.
func atOnce(t *testing.T, keys ports.Idempotency, p ports.Presentation) {
	t.Helper()
	var attempts atomic.Int64
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			switch _, outcome, err := keys.Present(t.Context(), p); {
			case err == nil && outcome == nil:
				attempts.Add(1)
			case !errors.Is(err, domain.ErrKeyInUse):
				t.Errorf("present: %v, %v", outcome, err)
			}
		})
	}
	running.Wait()
	if attempts.Load() != 1 {
		t.Errorf("%d attempts, want 1", attempts.Load())
	}
}

func attempt(t *testing.T, keys ports.Idempotency, p ports.Presentation) ports.Attempt {
	t.Helper()
	a, outcome, err := keys.Present(t.Context(), p)
	if err != nil || outcome != nil {
		t.Fatalf("present: outcome %+v, error %v; want an attempt", outcome, err)
	}
	return a
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}
