package cache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/cache"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

func TestManyReadersOfAColdKeyAreOneLoad(t *testing.T) {
	for name, version := range map[string]int64{"a value": 1, "nothing": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tel := testkit.Telemetry(t)
				var s source
				s.version.Store(version)
				a := cache.NewAside("product", newFlaky(t), tel.Telemetry, options())
				const readers = 500
				done := make(chan error, readers)
				for range readers {
					go func() {
						_, err := a.Get(t.Context(), "product:1", func(ctx context.Context) (string, int64, error) {
							<-time.After(10 * time.Millisecond)
							return s.load(ctx)
						})
						done <- err
					}()
				}
				for range readers {
					if err := <-done; err != nil && (version != 0 || !errors.Is(err, errGone)) {
						t.Error(err)
					}
				}
				if n := s.loads.Load(); n != 1 {
					t.Errorf("%d loads, want 1", n)
				}
				if n := tel.Value("test_cache_fill_shared_total"); n != readers-1 {
					t.Errorf("%v readers shared, want %d", n, readers-1)
				}
			})
		})
	}
}

func TestAReaderThatGoesAwayFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		s.version.Store(1)
		a := cache.NewAside("product", newFlaky(t), telemetry.Nop(), options())
		slow := func(ctx context.Context) (string, int64, error) {
			select {
			case <-time.After(time.Second):
				return s.load(ctx)
			case <-ctx.Done():
				return "", 0, ctx.Err()
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := a.Get(gone, "product:1", slow); first <- err }()
		synctest.Wait()
		go func() { _, err := a.Get(t.Context(), "product:1", slow); second <- err }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the reader that went away got %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the other reader got %v", err)
		}
		read(t, a, &s, "v1", 1)
	})
}

// A reader that loaded the row before an update neither puts its copy back after
// the update, nor passes it on to a reader who comes after the update.
func TestASlowReaderNeverBringsAnOldValueBack(t *testing.T) {
	for name, away := range map[string]bool{"cache there": false, "cache away": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFlaky(t)
				var s source
				s.version.Store(1)
				a := cache.NewAside("product", c, telemetry.Nop(), options())
				old := make(chan string, 1)
				go func() {
					v, err := a.Get(t.Context(), "product:1", func(ctx context.Context) (string, int64, error) {
						v, version, err := s.load(ctx)
						<-time.After(time.Second) // Read, and then held up.
						return v, version, err
					})
					if err != nil {
						t.Error(err)
					}
					old <- v
				}()
				synctest.Wait()
				s.version.Store(2)
				c.down.Store(away)
				if err := a.Invalidate(t.Context(), "product:1", 2, "update"); (err != nil) != away {
					t.Fatal(err)
				}
				read(t, a, &s, "v2", 2)
				c.down.Store(false)
				if v := <-old; v != "v1" {
					t.Errorf("the slow reader got %q, want what it had read", v)
				}
				loads := int32(2)
				if away {
					<-time.After(time.Second) // The gate looks again after a while.
					loads = 3
				}
				read(t, a, &s, "v2", loads)
			})
		})
	}
}
