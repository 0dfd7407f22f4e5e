package cache_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/cache"
	"shop/kit/testkit"
)

// slow is a list of invalidations in a database that takes its time.
type slow struct {
	table
	takes time.Duration
	looks atomic.Int32
}

func (s *slow) Apply(ctx context.Context, apply func(context.Context, string, int64) error) error {
	s.looks.Add(1)
	<-time.After(s.takes)
	return s.table.Apply(ctx, apply)
}

// Readers of a busy service neither wait for the looks at the list nor go past
// the cache because of them; those of an idle one cause no looks.
func TestLooksAreTakenBesideTheReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := testkit.Telemetry(t)
		pending := &slow{table: table{rows: map[string]int64{}}, takes: 80 * time.Millisecond}
		o := remote()
		o.Pending, o.PendingEvery = pending, 200*time.Millisecond
		a := cache.NewAside("product", newFlaky(t), tel.Telemetry, o)
		var s source
		s.version.Store(1)
		read(t, a, &s, "v1", 1) // Waits for the first look.
		for range 1000 {
			<-time.After(10 * time.Millisecond)
			start := time.Now()
			read(t, a, &s, "v1", 1)
			if took := time.Since(start); took > 0 {
				t.Fatalf("a hit took %s", took)
			}
		}
		if n := pending.looks.Load(); n < 50 || n > 120 {
			t.Errorf("%d looks in 10 s, want one each 100 to 200 ms", n)
		}
		<-time.After(time.Second)
		looks := pending.looks.Load()
		<-time.After(time.Hour)
		if n := pending.looks.Load(); n != looks {
			t.Errorf("%d looks in an hour without readers", n-looks)
		}

		// After a pause all who come together wait for one look, and are served hits.
		s.version.Store(2)
		if err := a.Invalidate(t.Context(), "product:1", 2, "update"); err != nil {
			t.Fatal(err)
		}
		read(t, a, &s, "v2", 2)
		<-time.After(time.Second)
		looks = pending.looks.Load()
		const readers = 100
		done := make(chan struct{}, readers)
		for range readers {
			go func() {
				read(t, a, &s, "v2", 2)
				done <- struct{}{}
			}()
		}
		for range readers {
			<-done
		}
		if n := pending.looks.Load(); n != looks+1 {
			t.Errorf("%d looks for readers who came together", n-looks)
		}
		if n := tel.Value("test_cache_requests_total", "result", "bypass"); n != 0 {
			t.Errorf("%v readers went past the cache", n)
		}
	})
}

// Also when a look takes longer than it lasts, those who wait for it are served
// hits.
func TestAVerySlowLookIsGoodForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending := &slow{table: table{rows: map[string]int64{}}, takes: time.Second}
		o := remote()
		o.Pending, o.PendingEvery = pending, 200*time.Millisecond
		a := cache.NewAside("product", newFlaky(t), testkit.Telemetry(t).Telemetry, o)
		var s source
		s.version.Store(1)
		for range 5 {
			read(t, a, &s, "v1", 1)
		}
		<-time.After(time.Minute)
	})
}

// A reader whose context ends while the list is slow gets its own end, not the
// list's.
func TestAReaderDoesNotWaitForALookForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := remote()
		o.Pending = &slow{table: table{rows: map[string]int64{}}, takes: 5 * time.Second}
		a := cache.NewAside("product", newFlaky(t), testkit.Telemetry(t).Telemetry, o)
		var s source
		s.version.Store(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := a.Get(ctx, "product:1", s.load); err == nil {
			t.Error("a value after the end of the context")
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it waited for %s", took)
		}
		<-time.After(10 * time.Second)
	})
}

// lagging is a cache whose first answer is on its way for a while.
type lagging struct {
	*flaky
	lag time.Duration
}

func (l *lagging) Get(ctx context.Context, key string) (cache.Entry[string], bool, error) {
	lag := l.lag
	l.lag = 0
	e, found, err := l.flaky.Get(ctx, key)
	<-time.After(lag)
	return e, found, err
}

// Who learns late that a key is cold finds that another has filled it meanwhile.
func TestALateMissIsNoSecondLoad(t *testing.T) {
	for name, version := range map[string]int64{"a value": 1, "nothing": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s source
				s.version.Store(version)
				a := cache.NewAside("product", &lagging{newFlaky(t), time.Second}, testkit.Telemetry(t).Telemetry, options())
				want := map[int64]string{1: "v1"}[version]
				late := make(chan struct{})
				go func() {
					read(t, a, &s, want, 1)
					close(late)
				}()
				synctest.Wait()
				read(t, a, &s, want, 1)
				<-late
			})
		})
	}
}
