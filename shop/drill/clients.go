package drill

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"shop/shop/rest"
	"shop/shop/seed"
)

// How often the clients of a drill ask. No more than one core can do beside
// everything else: a shop that is busy would break other promises.
const (
	readsPerSecond    = 20
	fewReadsPerSecond = 5
	questionsPerSec   = 10
	ordersPerSecond   = 2
	guessesPerSecond  = 3
	few               = 3 // Orders.
)

// clients are the people of a drill.
type clients struct {
	shop  rest.Shop
	token string // Of a buyer who has a telephone.

	mu       sync.Mutex
	products []int64
}

// quantity is enough of a product for every order of every drill.
const quantity = 1_000_000

// newClients makes the demo data where it is missing, and a buyer of its own.
func newClients(ctx context.Context, host string, basePort int) (*clients, error) {
	c := &clients{shop: rest.At(host, basePort)}
	if _, err := seed.Run(ctx, c.shop, func() {}); err != nil {
		return nil, err
	}
	name, password := "drill."+strings.ToLower(rand.Text()[:10]), rand.Text()
	a, err := c.shop.User.Post(ctx, "/register", map[string]string{"username": name, "password": password, "phone": "+84 90 123 4567"})
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("%d: %s", a.Status, a.Detail())
	}
	if err != nil {
		return nil, fmt.Errorf("register a buyer: %w", err)
	}
	session, err := c.shop.Login(ctx, name, password)
	if err != nil {
		return nil, err
	}
	c.token = session.AccessToken
	return c, c.stock(ctx)
}

// stock puts a product on sale and learns the others.
func (c *clients) stock(ctx context.Context) error {
	a, err := c.shop.Product.As(c.token).Post(ctx, "/products", map[string]any{"name": "Drill", "price": "1.00", "quantity": quantity})
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("%d: %s", a.Status, a.Detail())
	}
	var made rest.Product
	if err == nil {
		err = a.Into(&made)
	}
	if err != nil {
		return fmt.Errorf("put a product on sale: %w", err)
	}
	if a, err = c.shop.Product.Get(ctx, "/products"); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	var all []rest.Product
	if err := a.Into(&all); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	c.products = []int64{made.ID} // The one to order.
	for _, p := range all {
		if p.ID != made.ID {
			c.products = append(c.products, p.ID)
		}
	}
	return nil
}

// leave takes the product off sale again.
func (c *clients) leave(ctx context.Context) error {
	_, err := c.shop.Product.As(c.token).Do(ctx, http.MethodDelete, fmt.Sprintf("/products/%d", c.products[0]), nil)
	return err
}

// every calls do so many times a second until ctx ends, one after another. What a
// client is answered is no matter: the alerts judge.
func every(ctx context.Context, perSecond int, do func(n int)) error {
	again := time.NewTicker(time.Second / time.Duration(perSecond))
	defer again.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			do(n)
		}
	}
}

// readers read one product after another.
func readers(perSecond int) func(context.Context, *clients) error {
	return func(ctx context.Context, c *clients) error {
		return every(ctx, perSecond, func(n int) {
			_, _ = c.shop.Product.Get(ctx, fmt.Sprintf("/products/%d", c.products[n%len(c.products)]))
		})
	}
}

// buyers look at their orders, each time with their token.
func buyers(ctx context.Context, c *clients) error {
	return every(ctx, questionsPerSec, func(int) { _, _ = c.shop.Order.As(c.token).Get(ctx, "/orders?limit=1") })
}

// callers look at their orders, seldom.
func callers(ctx context.Context, c *clients) error {
	return every(ctx, 1, func(int) { _, _ = c.shop.Order.As(c.token).Get(ctx, "/orders?limit=1") })
}

// visitors look at themselves: the user service asks its database for them.
func visitors(ctx context.Context, c *clients) error {
	return every(ctx, questionsPerSec, func(int) { _, _ = c.shop.User.As(c.token).Get(ctx, "/users/me") })
}

func (c *clients) order(ctx context.Context) {
	_, _ = c.shop.Order.As(c.token).Post(ctx, "/orders", map[string]int64{"product_id": c.products[0], "quantity": 1})
}

// orders are placed all the time.
func orders(ctx context.Context, c *clients) error {
	return every(ctx, ordersPerSecond, func(int) { c.order(ctx) })
}

// fewOrders are placed, and then no more.
func fewOrders(ctx context.Context, c *clients) error {
	return every(ctx, 1, func(n int) {
		if n < few {
			c.order(ctx)
		}
	})
}

// guesser tries one password after another for one name.
func guesser(ctx context.Context, c *clients) error {
	name := "drill." + strings.ToLower(rand.Text())
	return every(ctx, guessesPerSecond, func(n int) {
		_, _ = c.shop.User.Post(ctx, "/login", url.Values{"username": {name}, "password": {fmt.Sprintf("guess-%d", n)}})
	})
}
