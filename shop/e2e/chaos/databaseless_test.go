package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/shop/rest"
)

// Promise 5: when Postgres is restarted under load, requests fail only while it
// is away, all of them with 503 and Retry-After; nothing is half-written; within
// 5 s of its return everything is answered again.
func postgresRestarted(t *testing.T, s *stage) {
	const stock, recovery = 1_000_000, 5 * time.Second
	p := s.open(t, layout{replicas: map[string]int{"product": 2, "order": 2}})
	buyers := p.buyers(t, 4)
	product := p.stocked(t, buyers[0], stock)
	log := &answers{goods: map[string]int{}}
	stop := meanwhile(t, func(ctx context.Context) { p.everything(ctx, buyers, product.ID, log) })

	kinds := len(p.requests(buyers[0], product.ID))
	const each = 20 // Answers of every kind, before and after.
	var all outage
	for n := range 2 * s.form.outages {
		log.reset()
		testkit.Eventually(t, patience, func() bool { return log.good(each) == kinds }, "all is well")
		down := time.Now()
		if n%2 == 0 {
			restart(t, s.postgres)
		} else {
			stopAndStart(t, s.postgres)
		}
		up := time.Now()
		log.reset()
		testkit.Eventually(t, patience, func() bool { return log.good(each) == kinds }, "all is well again")
		o := log.since(down, up)
		all.away += o.away
		all.wrong = append(all.wrong, o.wrong...)
		all.recovery = max(all.recovery, o.recovery)
	}
	stop()
	if len(all.wrong) > 0 {
		t.Errorf("%d requests failed otherwise than with 503 and Retry-After while Postgres was away, such as %v", len(all.wrong), all.wrong[0])
	}
	if all.recovery > margin*recovery {
		t.Errorf("requests failed until %s after the return, want %s", all.recovery, recovery)
	}
	eventually(t, patience, func() error { return p.balanced(t.Context(), product.ID, stock) }, "stock + sold is what there was")
	torn, err := p.halfWritten(t.Context())
	if err != nil || torn > 0 {
		t.Errorf("%d orders are half-written, %v", torn, err)
	}
	var told tally
	eventually(t, 3*patience, func() (err error) {
		if told, err = p.tally(t.Context(), log.Posts(), log.placed.IDs()); err == nil {
			err = told.Wrong()
		}
		return err
	}, "each order has exactly one notification")
	s.report.Add(t, fmt.Sprintf("Postgres killed %d × and stopped in order %d × under load", s.form.outages, s.form.outages),
		fmt.Sprintf("%d × 503 with Retry-After, %d other failures, %d half-written; %s", all.away, len(all.wrong), torn, told),
		fmt.Sprintf("recovery %s at most", short(all.recovery)))
}

// stopAndStart restarts an engine as an operator does.
func stopAndStart(t *testing.T, e *engine.Server) {
	t.Helper()
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, e)
}

const postOrder = "POST /orders"

// request is one thing that a client does again and again.
type request struct {
	what string
	do   func(context.Context) (rest.Answer, error)
}

// requests are of every kind that needs a database.
func (p *shop) requests(buyer rest.Session, product int64) []request {
	path := fmt.Sprintf("/products/%d", product)
	return []request{
		{"GET /products", func(ctx context.Context) (rest.Answer, error) { return p.Product.Get(ctx, "/products?limit=10") }},
		{"GET /products/{id}", func(ctx context.Context) (rest.Answer, error) { return p.Product.Get(ctx, path) }},
		{"PUT /products/{id}", func(ctx context.Context) (rest.Answer, error) {
			return p.Product.As(buyer.AccessToken).Do(ctx, http.MethodPut, path, map[string]any{"description": time.Now().String()})
		}},
		{"POST /login", func(ctx context.Context) (rest.Answer, error) {
			return p.User.Post(ctx, "/login", url.Values{"username": {"buyer0000"}, "password": {password}})
		}},
		{postOrder, func(ctx context.Context) (rest.Answer, error) {
			_, a, err := buy(ctx, p.Order, buyer, product, 1)
			return a, err
		}},
		{"GET /orders", func(ctx context.Context) (rest.Answer, error) {
			return p.Order.As(buyer.AccessToken).Get(ctx, "/orders?limit=10")
		}},
		{"GET /notifications", func(ctx context.Context) (rest.Answer, error) {
			return p.Notification.As(buyer.AccessToken).Get(ctx, "/notifications?limit=10")
		}},
	}
}

// everything sends requests of every kind until ctx ends.
func (p *shop) everything(ctx context.Context, buyers []rest.Session, product int64, log *answers) {
	const pace = 5 * time.Millisecond
	var group sync.WaitGroup
	for _, buyer := range buyers {
		for _, r := range p.requests(buyer, product) {
			group.Go(func() {
				for ctx.Err() == nil {
					start := time.Now()
					a, err := r.do(context.WithoutCancel(ctx))
					log.add(answered{r.what, start, time.Now(), a, err})
					select {
					case <-ctx.Done():
					case <-time.After(pace):
					}
				}
			})
		}
	}
	group.Wait()
}

// answered is one request and what came of it.
type answered struct {
	what       string
	start, end time.Time
	answer     rest.Answer
	err        error
}

func (a answered) good() bool { return a.err == nil && a.answer.Status < http.StatusBadRequest }

// away reports whether the answer is the one for a database that is not there.
func (a answered) away() bool {
	return a.err == nil && a.answer.Status == http.StatusServiceUnavailable && a.answer.Header.Get("Retry-After") != ""
}

func (a answered) String() string {
	return fmt.Sprintf("%s: %d %v %.200s", a.what, a.answer.Status, a.err, a.answer.Body)
}

// answers keeps what came of requests. Safe for concurrent use.
type answers struct {
	placed acknowledged

	mu     sync.Mutex
	posts  int
	goods  map[string]int // By kind of request, since the last reset.
	failed []answered     // Since the beginning.
}

func (l *answers) add(a answered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.what == postOrder {
		l.posts++
		var placed rest.Order
		if a.good() && a.answer.Into(&placed) == nil {
			l.placed.Add(placed.ID)
		}
	}
	if !a.good() {
		l.failed = append(l.failed, a)
		return
	}
	l.goods[a.what]++
}

// reset counts good answers from now on.
func (l *answers) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goods = map[string]int{}
}

// good returns of how many kinds there were at least n good answers.
func (l *answers) good(n int) (kinds int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, goods := range l.goods {
		if goods >= n {
			kinds++
		}
	}
	return kinds
}

// Posts returns how many orders were attempted.
func (l *answers) Posts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posts
}

// Failed returns all failures since the last call.
func (l *answers) Failed() []answered {
	l.mu.Lock()
	defer l.mu.Unlock()
	failed := l.failed
	l.failed = nil
	return failed
}

// outage is what requests met because of one time without the database.
type outage struct {
	away     int        // 503 with Retry-After.
	wrong    []answered // Any other failure, or one while the database was there.
	recovery time.Duration
}

// since returns what the failures since the last call say of the time without the
// database, from down to up.
func (l *answers) since(down, up time.Time) (o outage) {
	for _, a := range l.Failed() {
		if !a.away() || a.end.Before(down) {
			o.wrong = append(o.wrong, a)
			continue
		}
		o.away++
		o.recovery = max(o.recovery, a.end.Sub(up))
	}
	return o
}
