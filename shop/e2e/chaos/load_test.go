package chaos

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/shop/rest"
)

// acknowledged is the set of orders that clients were answered 201 for. Safe for
// concurrent use.
type acknowledged struct {
	mu  sync.Mutex
	ids []string
}

func (a *acknowledged) Add(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = append(a.ids, strconv.FormatInt(id, 10))
}

// IDs returns those of now.
func (a *acknowledged) IDs() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.ids)
}

// clients are buyers who order one piece after another.
type clients struct {
	shop     *shop
	product  int64
	sessions []rest.Session

	attempts atomic.Int64
	placed   acknowledged
	took     times // Of the answers 201.
}

// Order lets the buyers take tickets, one for an attempt, and returns when these
// are closed and used. After an attempt that was not answered 201 a buyer waits
// until the shop is ready again.
func (c *clients) Order(ctx context.Context, tickets <-chan struct{}) {
	c.each(func(session rest.Session) {
		for range tickets {
			c.attempt(ctx, session)
		}
	})
}

// OrderN lets the buyers share n attempts.
func (c *clients) OrderN(ctx context.Context, n int) {
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	c.Order(ctx, tickets)
}

// OrderUntil orders until ctx ends.
func (c *clients) OrderUntil(ctx context.Context) {
	c.each(func(session rest.Session) {
		for ctx.Err() == nil {
			c.attempt(ctx, session)
		}
	})
}

func (c *clients) each(f func(rest.Session)) {
	var group sync.WaitGroup
	for _, session := range c.sessions {
		group.Go(func() { f(session) })
	}
	group.Wait()
}

func (c *clients) attempt(ctx context.Context, session rest.Session) {
	c.attempts.Add(1)
	// Under way is under way: the end of the load breaks off no request.
	placed, a, err := buy(context.WithoutCancel(ctx), c.shop.Order, session, c.product, 1)
	if err == nil && a.Status == http.StatusCreated {
		c.placed.Add(placed.ID)
		c.took.Add(a.Took)
		return
	}
	c.shop.awaitDoor(ctx, c.shop.Order)
}

// awaitDoor waits until a replica behind door is ready, or ctx ends.
func (p *shop) awaitDoor(ctx context.Context, door rest.Client) {
	const interval = 20 * time.Millisecond
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		if a, err := door.Get(ctx, "/readyz"); err == nil && a.Status == http.StatusOK {
			return
		}
	}
}

// meanwhile runs load until the returned function is called, which waits for its
// end.
func meanwhile(t *testing.T, load func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		load(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}
