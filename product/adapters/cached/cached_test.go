package cached_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	cachememory "shop/kit/cache/memory"
	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"

	"shop/product/adapters/bus"
	"shop/product/adapters/cached"
	"shop/product/adapters/memory"
	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
	"shop/product/domain"
	"shop/product/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// With the cache beside them the stores keep their contract.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		db := sqldbtest.Open(t, sql.Migrations())
		c := aside(t, testkit.Telemetry(t), time.Now)
		return storetest.Store{
			Products:     cached.NewProducts(sql.NewProducts(db), c),
			Reservations: cached.NewReservations(sql.NewReservations(db, sqldb.NewInbox(), bus.Queue), c),
		}
	})
}

func aside(t testing.TB, tel *testkit.Captured, now func() time.Time) *cached.Cache {
	t.Helper()
	store, err := cachememory.New[domain.Product](100, now)
	if err != nil {
		t.Fatal(err)
	}
	return cached.New(store, tel.Telemetry, cached.Options{TTL: time.Minute, Now: now})
}

// source is a store whose reads are counted and can be held up.
type source struct {
	*memory.Store
	reads atomic.Int64
	mu    sync.Mutex
	hold  chan struct{} // While not nil: reads wait for it after they have read.
	held  chan struct{} // Gets one element for each read that waits.
}

func (s *source) Get(ctx context.Context, id domain.ID) (domain.Product, error) {
	s.reads.Add(1)
	p, err := s.Store.Get(ctx, id)
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		s.held <- struct{}{}
		<-hold
	}
	return p, err
}

// holdReads makes reads hang, with what they have read, until the returned
// function is called.
func (s *source) holdReads() (release func()) {
	hold := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
	return func() {
		s.mu.Lock()
		s.hold = nil
		s.mu.Unlock()
		close(hold)
	}
}

type fixture struct {
	*cached.Products
	reservations *cached.Reservations
	source       *source
	clock        *testkit.Clock
	tel          *testkit.Captured
	product      domain.Product
}

func open(t *testing.T) fixture {
	t.Helper()
	tel, clock := testkit.Telemetry(t), testkit.NewClock(time.Time{})
	s := &source{Store: memory.New(), held: make(chan struct{}, 100)}
	c := aside(t, tel, clock.Now)
	f := fixture{cached.NewProducts(s, c), cached.NewReservations(s, c), s, clock, tel, domain.Product{}}
	var err error
	if f.product, err = f.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 5), clock.Now())); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fixture) get(t *testing.T) domain.Product {
	t.Helper()
	p, err := f.Get(t.Context(), f.product.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f fixture) setQuantity(t *testing.T, n domain.Quantity) domain.Product {
	t.Helper()
	p, err := f.Update(t.Context(), f.product.ID, func(p domain.Product) (domain.Product, error) {
		return p.Apply(domain.Change{Quantity: &n}, f.clock.Now()), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadsAreCached(t *testing.T) {
	f := open(t)
	for range 10 {
		if got := f.get(t); got != f.product {
			t.Fatalf("got %+v", got)
		}
	}
	if n := f.source.reads.Load(); n != 1 {
		t.Errorf("%d reads of the store, want 1", n)
	}
	f.clock.Advance(2 * time.Minute)
	f.get(t)
	if n := f.source.reads.Load(); n != 2 {
		t.Errorf("%d reads after the TTL, want 2", n)
	}
	if hits := f.tel.Value("test_cache_requests_total", "cache", "product", "result", "hit"); hits != 9 {
		t.Errorf("%v hits counted, want 9", hits)
	}
}

func TestEveryChangeIsSeenAtOnce(t *testing.T) {
	f := open(t)
	claim := storetest.Claim(f.product.ID, 2)
	for _, step := range []struct {
		name   string
		change func() error
	}{
		{"update", func() error { f.setQuantity(t, 9); return nil }},
		{"reserve", func() error {
			_, _, err := f.reservations.Reserve(t.Context(), claim, f.clock.Now(), time.Minute)
			return err
		}},
		{"release", func() error {
			_, err := f.reservations.Release(t.Context(), ports.Release{Claim: claim}, f.clock.Now(), f.clock.Now())
			return err
		}},
	} {
		f.get(t)
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		want, err := f.source.Store.Get(t.Context(), f.product.ID)
		if got := f.get(t); err != nil || got != want {
			t.Errorf("after %s: got %+v, want %+v", step.name, got, want)
		}
		if n := f.tel.Value("test_cache_invalidations_total", "reason", step.name); n != 1 {
			t.Errorf("%v invalidations counted for %s", n, step.name)
		}
	}
	f.get(t)
	if _, err := f.Remove(t.Context(), f.product.ID, func(domain.Product) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(t.Context(), f.product.ID); !errors.Is(err, domain.ErrProductNotFound) {
		t.Errorf("after removal: %v", err)
	}
}

// A reader that has read the old row before the update, and stores it after, must
// not bring it back.
func TestSlowReaderBringsNothingBack(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, f fixture) (want domain.Product, err error){
		"update": func(t *testing.T, f fixture) (domain.Product, error) { return f.setQuantity(t, 9), nil },
		"remove": func(t *testing.T, f fixture) (domain.Product, error) {
			_, err := f.Remove(t.Context(), f.product.ID, func(domain.Product) error { return nil })
			return domain.Product{}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			release := f.source.holdReads()
			old := make(chan domain.Product)
			go func() {
				p, _ := f.Get(t.Context(), f.product.ID)
				old <- p
			}()
			<-f.source.held
			want, err := change(t, f)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if p := <-old; p != f.product {
				t.Errorf("the slow reader got %+v", p)
			}
			for range 3 {
				if got, _ := f.Get(t.Context(), f.product.ID); got != want {
					t.Fatalf("got %+v, want %+v", got, want)
				}
			}
		})
	}
}

// Readers that come after an update do not wait for one that was under way, nor
// do they get its answer.
func TestReadersAfterAnUpdateAskAnew(t *testing.T) {
	f := open(t)
	release := f.source.holdReads()
	slow := make(chan domain.Product)
	go func() {
		p, _ := f.Get(t.Context(), f.product.ID)
		slow <- p
	}()
	<-f.source.held
	want := f.setQuantity(t, 9)
	after := make(chan domain.Product)
	go func() {
		p, _ := f.Get(t.Context(), f.product.ID)
		after <- p
	}()
	<-f.source.held // It reads on its own.
	release()
	if p := <-after; p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	<-slow
}

func TestOneReadForAllWhoMissTogether(t *testing.T) {
	f := open(t)
	release := f.source.holdReads()
	var readers sync.WaitGroup
	const n = 50
	for range n {
		readers.Go(func() {
			if p, err := f.Get(t.Context(), f.product.ID); err != nil || p != f.product {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	<-f.source.held
	testkit.Eventually(t, 5*time.Second, func() bool {
		return f.tel.Value("test_cache_requests_total", "result", "miss") == n
	}, "all readers missed")
	release()
	readers.Wait()
	if got := f.source.reads.Load(); got > 2 { // One that missed may come when the first read is over.
		t.Errorf("%d reads for %d readers", got, n)
	}
}

func TestUnknownProductsAreRememberedForAWhile(t *testing.T) {
	f := open(t)
	next := f.product.ID + 1
	for range 5 {
		_, err := f.Get(t.Context(), next)
		if !errors.Is(err, domain.ErrProductNotFound) || errs.Of(err).Params["id"] != int64(next) {
			t.Fatalf("got %v", err)
		}
	}
	if n := f.source.reads.Load(); n != 1 {
		t.Errorf("%d reads for a product that does not exist, want 1", n)
	}
	p, err := f.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 5), f.clock.Now()))
	if err != nil || p.ID != next {
		t.Fatalf("got %+v, %v", p, err)
	}
	if got, err := f.Get(t.Context(), next); err != nil || got != p {
		t.Errorf("a new product is not found: %+v, %v", got, err)
	}
}
