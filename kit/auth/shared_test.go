package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/telemetry"
)

// asking returns a Client whose questions f answers, in place of the network:
// these tests are about who waits for whom, on the bubble's clock.
func asking(t *testing.T, o Options, f func(context.Context) (answer, error)) *Client {
	t.Helper()
	c, err := NewClient("http://127.0.0.1:1", telemetry.Nop(), o)
	if err != nil {
		t.Fatal(err)
	}
	c.ask = func(ctx context.Context, _ Token) (answer, error) { return f(ctx) }
	return c
}

func TestRequestsWithOneTokenShareOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var questions atomic.Int32
		c := asking(t, Options{}, func(context.Context) (answer, error) {
			questions.Add(1)
			<-time.After(time.Second) // Of the bubble.
			return answer{Valid: true, Username: "alice", UserID: 7}, nil
		})
		const callers = 100
		ids := make(chan Identity, callers)
		for range callers {
			go func() {
				id, err := c.Validate(t.Context(), "good")
				if err != nil {
					t.Error(err)
				}
				ids <- id
			}()
		}
		other := make(chan error, 1)
		go func() {
			_, err := c.Validate(t.Context(), "other")
			other <- err
		}()
		for range callers {
			if id := <-ids; id != (Identity{UserID: 7, Username: "alice"}) {
				t.Errorf("a caller got %+v", id)
			}
		}
		if err := <-other; err != nil {
			t.Error(err)
		}
		if n := questions.Load(); n != 2 {
			t.Errorf("%d questions for two tokens, want 2", n)
		}
	})
}

func TestACallerThatGoesAwayFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := asking(t, Options{}, func(ctx context.Context) (answer, error) {
			select {
			case <-time.After(time.Second):
				return answer{Valid: true, Username: "alice", UserID: 7}, nil
			case <-ctx.Done():
				return answer{}, ctx.Err()
			}
		})
		gone, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := c.Validate(gone, "good"); first <- err }()
		synctest.Wait()
		go func() { _, err := c.Validate(t.Context(), "good"); second <- err }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, ErrAuthUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("the caller that went away got %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the other caller got %v", err)
		}
	})
}

func TestTheCallersOwnDeadlineHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := asking(t, Options{Timeout: time.Minute}, func(ctx context.Context) (answer, error) {
			<-ctx.Done()
			return answer{}, ctx.Err()
		})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Validate(ctx, "good"); !errors.Is(err, ErrAuthUnavailable) || outcomeOf(err) != timeout {
			t.Errorf("Validate = %v, want ErrAuthUnavailable by timeout", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("the caller waited %s, want 1 s", waited)
		}
		<-time.After(time.Minute) // Of the bubble: let the question end.
	})
}

func BenchmarkValidateCached(b *testing.B) {
	c, err := NewClient("http://127.0.0.1:1", telemetry.Nop(), Options{CacheTTL: MaxCacheTTL, Now: func() time.Time { return time.Time{} }})
	if err != nil {
		b.Fatal(err)
	}
	c.ask = func(context.Context, Token) (answer, error) {
		return answer{Valid: true, Username: "alice", UserID: 7}, nil
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Validate(ctx, "good"); err != nil {
			b.Fatal(err)
		}
	}
}
