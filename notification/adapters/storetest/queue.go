package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

func claimsDue(t *testing.T, s Store) {
	for i, id := range []string{"c", "b", "a", "late"} { // Due in the order a, b, c.
		record(t, s, event(id, int64(i+1), 1, domain.Pending), start.Add(-time.Duration(i)*time.Second))
	}
	record(t, s, event("future", 9, 1, domain.Pending), start.Add(time.Microsecond))
	until := start.Add(time.Minute)
	if got := claim(t, s, start, until, 0); len(got) != 0 {
		t.Errorf("claim of none: got %v", identities(got))
	}
	if got, want := sorted(claim(t, s, start, until, 3)), []string{"a.email", "b.email", "late.email"}; !slices.Equal(got, want) {
		t.Errorf("first claim: got %v, want %v", got, want)
	}
	if got, want := sorted(claim(t, s, start, until, 3)), []string{"c.email"}; !slices.Equal(got, want) {
		t.Errorf("second claim: got %v, want %v", got, want)
	}
	if got := claim(t, s, start, until, 3); len(got) != 0 {
		t.Errorf("third claim: got %v, want none", identities(got))
	}
}

func claimsOnce(t *testing.T, s Store) {
	const orders, dispatchers = 40, 8
	for i := range int64(orders) {
		record(t, s, event(fmt.Sprint("e", i), i+1, 1, domain.Pending), start)
	}
	claims := make(chan string, orders*dispatchers)
	var all sync.WaitGroup
	for range dispatchers {
		all.Go(func() {
			for {
				claimed, err := s.Claim(t.Context(), domain.Email, start, start.Add(time.Minute), 3)
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if len(claimed) == 0 {
					return
				}
				for _, n := range claimed {
					claims <- n.Identity()
				}
			}
		})
	}
	all.Wait()
	close(claims)
	times := map[string]int{}
	for id := range claims {
		times[id]++
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s: claimed %d times", id, n)
		}
	}
	// A dispatcher that finds everything locked by others goes home early, so some
	// may be left; another round finds them.
	left := claim(t, s, start, start.Add(time.Minute), orders)
	if got := len(times) + len(left); got != orders {
		t.Errorf("claimed: got %d, want %d", got, orders)
	}
}

func takesOver(t *testing.T, s Store) {
	record(t, s, event("a", 7, 1, domain.Pending), start)
	until := start.Add(time.Minute)
	first := claim(t, s, start, until, 1)[0]
	if got := claim(t, s, until.Add(-time.Microsecond), until.Add(time.Minute), 1); len(got) != 0 {
		t.Fatalf("claimed again before the first claim ran out: %v", identities(got))
	}
	second := claim(t, s, until, until.Add(time.Minute), 1)
	if len(second) != 1 || second[0].Attempts != 2 {
		t.Fatalf("after the first claim ran out: got %+v, want its second attempt", second)
	}
	if err := s.Settle(t.Context(), first, first.Delivered(until)); !errors.Is(err, ports.ErrLost) {
		t.Errorf("settling the lost attempt: got %v, want ErrLost", err)
	}
	if err := s.Settle(t.Context(), second[0], second[0].Delivered(until)); err != nil {
		t.Errorf("settling the second attempt: %v", err)
	}
	if err := s.Settle(t.Context(), second[0], second[0].Interrupted(until)); !errors.Is(err, ports.ErrLost) {
		t.Errorf("settling what is settled: got %v, want ErrLost", err)
	}
}

func settles(t *testing.T, s Store) {
	policy := domain.Policy{Attempts: 2, First: time.Second, Longest: time.Hour}
	now, until := start.Add(time.Second), start.Add(time.Minute)
	later := domain.Undelivered("smtp 451", 0)
	tests := map[string]struct {
		after func(n domain.Notification) domain.Notification
		state domain.State
	}{
		"sent":  {func(n domain.Notification) domain.Notification { return n.Delivered(now) }, domain.Sent},
		"later": {func(n domain.Notification) domain.Notification { return n.Missed(later, now, policy, 0) }, domain.Waiting},
		"failed": {func(n domain.Notification) domain.Notification {
			return n.Missed(domain.Rejected("smtp 550"), now, policy, 0)
		}, domain.Failed},
		"interrupted": {func(n domain.Notification) domain.Notification { return n.Interrupted(now) }, domain.Waiting},
	}
	order := int64(0)
	for name, tt := range tests {
		order++
		t.Run(name, func(t *testing.T) {
			record(t, s, event(name, order, 1, domain.Pending), start)
			claimed := claim(t, s, start, until, 1)
			if len(claimed) != 1 {
				t.Fatalf("claimed %d, want 1", len(claimed))
			}
			want := tt.after(claimed[0])
			if err := s.Settle(t.Context(), claimed[0], want); err != nil {
				t.Fatalf("settle: %v", err)
			}
			if got := about(t, s, order)[0]; got != want || got.State != tt.state {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			again := claim(t, s, now.Add(time.Second), until, 1)
			if waits := tt.state == domain.Waiting; waits != (len(again) == 1) {
				t.Errorf("claimed again when due: %v", identities(again))
			}
			if len(again) == 1 && again[0].Reason != want.Reason {
				t.Errorf("reason while tried again: got %q, want %q", again[0].Reason, want.Reason)
			}
		})
	}
}

// settlesTogether: attempts that end at the same moment, one of which was lost to
// another claim meanwhile.
func settlesTogether(t *testing.T, s Store) {
	const orders = 100
	for i := range int64(orders) {
		record(t, s, event(fmt.Sprint("e", i), i+1, 1, domain.Pending), start)
	}
	until := start.Add(time.Minute)
	claimed := claim(t, s, start, until, orders)
	lost := claimed[orders/2]
	lost.Attempts++ // As if this were another attempt than the one that is claimed.
	claimed[orders/2] = lost
	var running sync.WaitGroup
	for _, n := range claimed {
		running.Go(func() {
			err := s.Settle(t.Context(), n, n.Delivered(start))
			if n.ID == lost.ID && !errors.Is(err, ports.ErrLost) || n.ID != lost.ID && err != nil {
				t.Errorf("settle %s: %v", n.Identity(), err)
			}
		})
	}
	running.Wait()
	for _, n := range claimed {
		want := domain.Sent
		if n.ID == lost.ID {
			want = domain.Waiting
		}
		for _, got := range about(t, s, n.Order.ID) {
			if got.Channel == n.Channel && got.State != want {
				t.Errorf("%s is %s, want it %s", n.Identity(), got.State, want)
			}
		}
	}
}

func counts(t *testing.T, s Store) {
	record(t, s, event("a", 7, 1, domain.Pending), start)
	record(t, s, event("b", 8, 1, domain.Pending), start.Add(time.Hour))
	claimed := claim(t, s, start, start.Add(time.Minute), 1)
	got, err := s.Waiting(t.Context())
	if err != nil || got[domain.Email] != 2 || got[domain.Push] != 2 || got[domain.SMS] != 0 {
		t.Errorf("waiting: got %v, %v, want 2 by email and 2 by push", got, err)
	}
	if err := s.Settle(t.Context(), claimed[0], claimed[0].Delivered(start)); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Waiting(t.Context()); err != nil || got[domain.Email] != 1 {
		t.Errorf("waiting after one was sent: got %v, %v, want 1 by email", got, err)
	}
}
