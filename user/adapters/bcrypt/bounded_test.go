package bcrypt

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/errs"
	"shop/user/adapters/hashertest"
	"shop/user/domain"
	"shop/user/ports"
)

func TestBounded(t *testing.T) {
	hashertest.Run(t, func(t *testing.T) ports.Hasher { return NewBounded(hasher(t, MinCost), 1, time.Now) })
}

// slow takes a fixed time and counts how many work at once.
type slow struct {
	takes time.Duration

	mu                sync.Mutex
	working, most, in int
}

func (s *slow) work() {
	s.mu.Lock()
	s.working++
	s.in++
	s.most = max(s.most, s.working)
	s.mu.Unlock()
	<-time.After(s.takes) // The clock is synctest's: no time passes.
	s.mu.Lock()
	s.working--
	s.mu.Unlock()
}

func (s *slow) Hash(context.Context, domain.Password) (domain.PasswordHash, error) {
	s.work()
	return domain.StoredHash("x"), nil
}

func (s *slow) Verify(context.Context, domain.PasswordHash, domain.Password) (ports.Verdict, error) {
	s.work()
	return ports.Verdict{Match: true}, nil
}

func call(b *Bounded, timeout time.Duration) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	began := time.Now()
	_, err = b.Verify(ctx, domain.PasswordHash{}, domain.Password{})
	return time.Since(began), err
}

func TestOnlyAFewHashAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: 100 * time.Millisecond}
		b := NewBounded(s, 2, time.Now)
		var all sync.WaitGroup
		began := time.Now()
		for range 10 {
			all.Go(func() {
				if _, err := call(b, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if s.most != 2 || time.Since(began) != 500*time.Millisecond {
			t.Errorf("%d at once, %v for all", s.most, time.Since(began))
		}
	})
}

func TestWhoCannotBeServedInTimeIsSentAwayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: 100 * time.Millisecond}
		b := NewBounded(s, 1, time.Now)
		if _, err := call(b, time.Minute); err != nil { // Now it knows what a call takes.
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 5 { // One works, four wait: half a second for the next.
			all.Go(func() {
				if _, err := call(b, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		took, err := call(b, 400*time.Millisecond)
		if took != 0 || !errors.Is(err, errs.ErrOverloaded) || errs.Of(err).RetryAfter <= 0 {
			t.Errorf("with 400 ms left: %v after %v", err, took)
		}
		if _, err := call(b, time.Second); err != nil {
			t.Errorf("with a second left: %v", err)
		}
		all.Wait()
		if s.in != 7 {
			t.Errorf("%d were served, want 7", s.in)
		}
		if took, err := call(b, 150*time.Millisecond); err != nil || took != 100*time.Millisecond {
			t.Errorf("when idle again: %v after %v", err, took)
		}
	})
}

// A machine that was slow for a while must not leave a hasher behind that sends
// everybody away.
func TestAHasherThatWasSlowTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Hour}
		b := NewBounded(s, 1, time.Now)
		if _, err := call(b, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		s.takes = time.Millisecond
		for range 3 {
			if _, err := call(b, time.Second); err != nil {
				t.Errorf("with a free place: %v", err)
			}
		}
	})
}

func TestWaitingEndsWithTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Hour}
		b := NewBounded(s, 1, time.Now)
		go func() { _, _ = call(b, 2*time.Hour) }() // Holds the only place.
		synctest.Wait()
		took, err := call(b, time.Second)
		if took != time.Second || !errors.Is(err, errs.ErrOverloaded) {
			t.Errorf("%v after %v", err, took)
		}
		if s.in != 1 {
			t.Errorf("%d were served", s.in)
		}
		<-time.After(time.Hour)
	})
}
