package load

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"shop/shop/rest"
)

// crowd is who asks, and for what.
type crowd struct {
	shop     rest.Shop
	buyers   []*buyer
	products []int64
}

// buyer is one account. Safe for concurrent use.
type buyer struct {
	session atomic.Pointer[rest.Session]
	order   atomic.Int64 // The latest that was placed.
}

// stock is enough of a product for years of orders.
const stock = 1_000_000_000

// newCrowd registers buyers without contact data, so that a load sends no mail to
// anybody, puts products on sale, and places an order for each buyer.
func newCrowd(ctx context.Context, shop rest.Shop, buyers, products int) (*crowd, error) {
	c := &crowd{shop: shop}
	for range buyers {
		name, password := "load."+strings.ToLower(rand.Text()[:12]), rand.Text()
		a, err := shop.User.Post(ctx, "/register", map[string]string{"username": name, "password": password})
		if err := made(a, err); err != nil {
			return nil, fmt.Errorf("register a buyer: %w", err)
		}
		session, err := shop.Login(ctx, name, password)
		if err != nil {
			return nil, err
		}
		b := &buyer{}
		b.session.Store(&session)
		c.buyers = append(c.buyers, b)
	}
	for n := range products {
		a, err := shop.Product.As(c.buyers[0].token()).Post(ctx, "/products",
			map[string]any{"name": fmt.Sprintf("Load %d", n+1), "price": "19.99", "quantity": stock})
		var p rest.Product
		if err := made(a, err); err != nil {
			return nil, fmt.Errorf("put a product on sale: %w", err)
		}
		if err := a.Into(&p); err != nil {
			return nil, err
		}
		c.products = append(c.products, p.ID)
	}
	for n, b := range c.buyers {
		a, err := placeOrder(ctx, c, b, n)
		if err := made(a, err); err != nil {
			return nil, fmt.Errorf("place an order: %w", err)
		}
	}
	return c, nil
}

func made(a rest.Answer, err error) error {
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("%d: %s", a.Status, a.Detail())
	}
	return err
}

// tidyTime is how long it may take to take the products off sale.
const tidyTime = 10 * time.Second

// leave takes the load's products off sale. Its accounts and orders stay: there is
// no way to take them back.
func (c *crowd) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	for _, id := range c.products {
		a, err := c.shop.Product.As(c.buyers[0].token()).Do(ctx, http.MethodDelete, fmt.Sprintf("/products/%d", id), nil)
		if err == nil && a.Status != http.StatusNoContent {
			err = fmt.Errorf("%d: %s", a.Status, a.Detail())
		}
		if err != nil {
			return fmt.Errorf("take product %d off sale: %w", id, err)
		}
	}
	return nil
}

func (b *buyer) token() string { return b.session.Load().AccessToken }

// renew keeps buyer n signed in until ctx ends: each session gives the next one
// before its token expires. These requests are counted as all others.
func (c *crowd) renew(ctx context.Context, n int, b *buyer, t *tally) {
	whole := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(b.session.Load().ExpiresIn) * time.Second / 2):
		}
		t.ask(whole, operation{"renew a session", renewSession}, time.Now(), c, n)
	}
}

func renewSession(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	a, err := c.shop.User.Post(ctx, "/refresh", map[string]string{"refresh_token": b.session.Load().RefreshToken})
	if err != nil || a.Status != http.StatusOK {
		return a, err
	}
	var next rest.Session
	if err := a.Into(&next); err != nil {
		return a, err
	}
	b.session.Store(&next)
	return a, nil
}

func (c *crowd) product(n int) int64 { return c.products[n%len(c.products)] }

func (c *crowd) buyer(n int) *buyer { return c.buyers[n%len(c.buyers)] }

func search(word string) string { return url.Values{"q": {word}, "limit": {"20"}}.Encode() }
