package flight_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/flight"
)

type answer struct {
	value  int
	shared bool
	err    error
}

func ask(ctx context.Context, g *flight.Group[int], f func(context.Context) (int, error)) <-chan answer {
	c := make(chan answer, 1)
	go func() {
		v, shared, err := g.Do(ctx, "k", time.Minute, f)
		c <- answer{v, shared, err}
	}()
	return c
}

func TestACancelledCallerDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		var calls atomic.Int32
		release := make(chan struct{})
		f := func(ctx context.Context) (int, error) {
			calls.Add(1)
			select {
			case <-release:
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		first := ask(ctx, &g, f)
		synctest.Wait()
		second := ask(t.Context(), &g, f)
		synctest.Wait()
		cancel()
		if got := <-first; !errors.Is(got.err, context.Canceled) {
			t.Errorf("the cancelled caller got %v, want its context's error", got.err)
		}
		close(release)
		if got := <-second; got.err != nil || got.value != 7 || !got.shared {
			t.Errorf("the other caller got %+v, want 7, shared", got)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestTheCallIsBoundedByItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		_, shared, err := g.Do(t.Context(), "k", time.Second, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if shared || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got shared = %t, %v; want the deadline, not shared", shared, err)
		}
	})
}

func TestAPanicIsAnError(t *testing.T) {
	var g flight.Group[int]
	v, _, err := g.Do(t.Context(), "k", time.Minute, func(context.Context) (int, error) { panic("broken") })
	if v != 0 || err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %d, %v; want an error that names the panic", v, err)
	}
}

func TestForgetStartsANewCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		release := make(chan struct{})
		old := ask(t.Context(), &g, func(context.Context) (int, error) {
			<-release
			return 1, nil
		})
		synctest.Wait()
		g.Forget("k")
		v, shared, err := g.Do(t.Context(), "k", time.Minute, func(context.Context) (int, error) { return 2, nil })
		if err != nil || v != 2 || shared {
			t.Errorf("after Forget got %d, shared = %t, %v; want 2 from a call of its own", v, shared, err)
		}
		close(release)
		if got := <-old; got.value != 1 {
			t.Errorf("the old caller got %d, want 1", got.value)
		}
	})
}
