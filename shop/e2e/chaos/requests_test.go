package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"shop/shop/rest"
)

const postOrder = "POST /orders"

// access is who a request is for.
type access int

const (
	public  access = iota // Anybody's, also without the user service.
	writing               // Changes something, for whom the user service knows.
	private               // Everything else.
)

// request is one thing that a client does again and again.
type request struct {
	what   string
	access access
	do     func(context.Context) (rest.Answer, error)
}

// with returns the requests of one access.
func with(a access, all []request) (some []request) {
	for _, r := range all {
		if r.access == a {
			some = append(some, r)
		}
	}
	return some
}

// requests are of every kind that needs a database.
func (p *shop) requests(buyer rest.Session, product int64) []request {
	path := fmt.Sprintf("/products/%d", product)
	return []request{
		{"GET /products", public, func(ctx context.Context) (rest.Answer, error) { return p.Product.Get(ctx, "/products?limit=10") }},
		{"GET /products/{id}", public, func(ctx context.Context) (rest.Answer, error) { return p.Product.Get(ctx, path) }},
		{"PUT /products/{id}", writing, func(ctx context.Context) (rest.Answer, error) {
			return p.Product.As(buyer.AccessToken).Do(ctx, http.MethodPut, path, map[string]any{"description": time.Now().String()})
		}},
		{"POST /login", private, func(ctx context.Context) (rest.Answer, error) {
			return p.User.Post(ctx, "/login", url.Values{"username": {"buyer0000"}, "password": {password}})
		}},
		{postOrder, writing, func(ctx context.Context) (rest.Answer, error) {
			_, a, err := buy(ctx, p.Order, buyer, product, 1)
			return a, err
		}},
		{"GET /orders", private, func(ctx context.Context) (rest.Answer, error) {
			return p.Order.As(buyer.AccessToken).Get(ctx, "/orders?limit=10")
		}},
		{"GET /notifications", private, func(ctx context.Context) (rest.Answer, error) {
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
