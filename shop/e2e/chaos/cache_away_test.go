package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// Promise 4: without Redis, down or hanging, no read fails and 95 of 100 take at
// most 100 ms; when it is back, hits are served again within 5 s. 500 who read a
// cold product at once cost one query, as do 500 who read one that does not
// exist. What was put while Redis was away is never followed by the old value.
func readsWithoutCache(t *testing.T, s *stage) {
	t.Run("500 readers cause one query", func(t *testing.T) { stampede(t, s) })
	t.Run("away", func(t *testing.T) { redisAway(t, s) })
}

// stampede reads at one replica: each process asks once for itself. A round in
// which the cache was not asked by all, because this machine was too busy to keep
// its deadlines, says nothing and is played again.
func stampede(t *testing.T, s *stage) {
	const readers, most = 500, 20
	p := s.open(t, layout{settings: map[string]string{"MAX_CONCURRENCY": "1000", "REDIS_TIMEOUT": "5"}})
	seller := p.buyers(t, 1)[0]
	one := p.processes["product"][0]
	read(t, one, p.stocked(t, seller, 10).ID, http.StatusOK) // The query is known to the metrics by now.
	queries, skipped := map[string]float64{}, 0
	for _, kind := range []string{"a cold product", "a missing one"} {
		for round := 0; queries[kind] == 0; round++ {
			id, status := int64(4711+round), http.StatusNotFound
			if kind == "a cold product" {
				id, status = p.stocked(t, seller, 10).ID, http.StatusOK
			}
			before, unasked := one.queries(t), one.unasked(t)
			var group sync.WaitGroup
			start := make(chan struct{})
			for range readers {
				group.Go(func() {
					<-start
					read(t, one, id, status)
				})
			}
			close(start)
			group.Wait()
			if one.unasked(t) == unasked {
				queries[kind] = one.queries(t) - before
			} else if skipped++; round == most {
				t.Fatalf("in none of %d rounds was the cache asked by all readers of %s", round, kind)
			}
		}
		if queries[kind] != 1 {
			t.Errorf("%d readers of %s at once made %v queries, want 1", readers, kind, queries[kind])
		}
	}
	s.report.Add(t, fmt.Sprintf("%d readers at once", readers), fmt.Sprintf("queries for %v", queries), fmt.Sprintf("%d rounds played again", skipped))
}

// read gets a product at one replica and wants this status.
func read(t *testing.T, one *process, id int64, status int) {
	a, err := one.door.Get(t.Context(), fmt.Sprintf("/products/%d", id))
	if err != nil || a.Status != status {
		t.Errorf("GET /products/%d: %d %v, want %d", id, a.Status, err, status)
	}
}

// queries returns how often the database was asked for products.
func (p *process) queries(t *testing.T) float64 {
	t.Helper()
	return p.mustMetric(t, "db_client_operation_duration_seconds_count", `db_collection_name="products"`, `db_operation_name="SELECT"`)
}

// unasked returns how many lookups the cache did not answer.
func (p *process) unasked(t *testing.T) float64 {
	t.Helper()
	return p.mustMetric(t, "product_cache_requests_total", `result="error"`) + p.mustMetric(t, "product_cache_requests_total", `result="bypass"`)
}

// redisAway takes Redis away, hanging and down in turn, while products are read
// and put.
func redisAway(t *testing.T, s *stage) {
	const (
		readers, products = 8, 10
		slowest, again    = 100 * time.Millisecond, 5 * time.Second
	)
	p := s.open(t, layout{replicas: map[string]int{"product": 2}})
	seller := p.buyers(t, 1)[0]
	shelf := newShelf(t, p, seller, products)
	var all, away times
	var out atomic.Bool
	stop := meanwhile(t, func(ctx context.Context) {
		var group sync.WaitGroup
		for range readers {
			group.Go(func() {
				for ctx.Err() == nil {
					took := shelf.read(context.WithoutCancel(ctx))
					all.Add(took)
					if out.Load() {
						away.Add(took)
					}
				}
			})
		}
		group.Wait()
	})
	var returns times
	for n := range 2 * s.form.outages {
		p.awaitHits(t)
		out.Store(true)
		leave, back := s.redis.Pause, s.redis.Resume
		if n%2 == 1 {
			leave, back = s.redis.Kill, func() error { begin(t, s.redis); return nil }
		}
		if err := leave(); err != nil {
			t.Fatal(err)
		}
		for i := range 2 * products {
			shelf.put(t, i%products)
		}
		if err := back(); err != nil {
			t.Fatal(err)
		}
		out.Store(false)
		start := time.Now()
		p.awaitHits(t)
		returns.Add(time.Since(start))
	}
	seen := all.Count()
	testkit.Eventually(t, patience, func() bool { return all.Count() > seen+100*products }, "all is read again")
	stop()
	if shelf.failed.Load() > 0 || shelf.stale.Load() > 0 || away.Quantile(.95) > margin*slowest || returns.Quantile(1) > margin*again {
		t.Errorf("%d of %d reads failed, %d were stale; without Redis p95 %s, hits again after %s at most; want 0, 0, %s, %s",
			shelf.failed.Load(), all.Count(), shelf.stale.Load(), away.Quantile(.95), returns.Quantile(1), slowest, again)
	}
	s.report.Add(t, fmt.Sprintf("Redis hangs %d × and is killed %d × while 8 clients read and products are put", s.form.outages, s.form.outages),
		fmt.Sprintf("%d reads, %d of them without Redis: %d failed, %d stale after %d puts",
			all.Count(), away.Count(), shelf.failed.Load(), shelf.stale.Load(), shelf.puts.Load()),
		fmt.Sprintf("p95 without Redis %s; hits again after %s at most", short(away.Quantile(.95)), short(returns.Quantile(1))))
}

// awaitHits waits until every replica of product serves hits.
func (p *shop) awaitHits(t *testing.T) {
	t.Helper()
	for _, one := range p.processes["product"] {
		hits := func() float64 { return one.mustMetric(t, "product_cache_requests_total", `result="hit"`) }
		before := hits()
		testkit.Eventually(t, patience, func() bool { return hits() > before }, one.name+" serves hits")
	}
}

// shelf is products whose description counts how often they were put.
type shelf struct {
	shop     *shop
	seller   rest.Session
	products []*edition
	next     atomic.Int64

	puts, failed, stale atomic.Int64
}

// edition is a product and the version of the last put that was answered.
type edition struct {
	path    string
	version atomic.Int64
}

func newShelf(t *testing.T, p *shop, seller rest.Session, n int) *shelf {
	t.Helper()
	s := &shelf{shop: p, seller: seller}
	for range n {
		s.products = append(s.products, &edition{path: fmt.Sprintf("/products/%d", p.stocked(t, seller, 10).ID)})
		s.put(t, len(s.products)-1)
	}
	return s
}

// put gives a product its next version.
func (s *shelf) put(t *testing.T, n int) {
	t.Helper()
	e := s.products[n]
	next := e.version.Load() + 1
	a, err := s.shop.Product.As(s.seller.AccessToken).Do(t.Context(), http.MethodPut, e.path, map[string]any{"description": strconv.FormatInt(next, 10)})
	if err != nil || a.Status != http.StatusOK {
		t.Fatalf("PUT %s: %d %v: %s", e.path, a.Status, err, a.Body)
	}
	e.version.Store(next)
	s.puts.Add(1)
}

// read gets the next product. What was put before the read must be in it.
func (s *shelf) read(ctx context.Context) time.Duration {
	e := s.products[int(s.next.Add(1))%len(s.products)]
	least := e.version.Load()
	start := time.Now()
	a, err := s.shop.Product.Get(ctx, e.path)
	took := time.Since(start)
	var got rest.Product
	if err != nil || a.Status != http.StatusOK || a.Into(&got) != nil || got.Description == nil {
		s.failed.Add(1)
		return took
	}
	if version, err := strconv.ParseInt(strings.TrimSpace(*got.Description), 10, 64); err != nil || version < least {
		s.stale.Add(1)
	}
	return took
}
