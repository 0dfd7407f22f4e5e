package drill

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shop/shop/rest"
	"shop/shop/seed"
)

// How often the clients of a drill ask. No more than one core can do beside
// everything else: a shop that is busy would break other promises.
const (
	readsPerSecond    = 20
	fewReadsPerSecond = 5
	questionsPerSec   = 5
	guessesPerSecond  = 3
)

// warmReads are the reads before the first drill. Where hardly anybody has come
// before, the first slow answers of an incident would be more than the goals allow
// in days.
const warmReads = 1000

// clients are the people of a drill.
type clients struct {
	shop     rest.Shop
	token    string  // Of a buyer who has a telephone.
	products []int64 // The first is the one to order.
	placed   rest.Order
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
	if err := c.stock(ctx); err != nil {
		return nil, err
	}
	return c, c.warm(ctx)
}

// warm reads every product, again and again.
func (c *clients) warm(ctx context.Context) error {
	for n := range warmReads {
		if _, err := c.shop.Product.Get(ctx, c.product(n)); err != nil {
			return fmt.Errorf("read a product: %w", err)
		}
	}
	return nil
}

// product returns the path of one product after another.
func (c *clients) product(n int) string {
	return fmt.Sprintf("/products/%d", c.products[n%len(c.products)])
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
	c.products = []int64{made.ID}
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
			_, _ = c.shop.Product.Get(ctx, c.product(n))
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

// oneOrder is placed, and no more: five that are late would be more than the goals
// allow, and other alerts would tell of that.
func oneOrder(ctx context.Context, c *clients) error {
	a, err := c.shop.Order.As(c.token).Post(ctx, "/orders", map[string]int64{"product_id": c.products[0], "quantity": 1})
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("%d: %s", a.Status, a.Detail())
	}
	if err != nil {
		return fmt.Errorf("place an order: %w", err)
	}
	return a.Into(&c.placed)
}

// oneOrderOnItsWay is placed and goes as far as an order goes; its buyer is to be
// told of each step.
func oneOrderOnItsWay(ctx context.Context, c *clients) error {
	if err := oneOrder(ctx, c); err != nil {
		return err
	}
	for _, status := range []string{"confirmed", "shipped", "delivered"} {
		a, err := c.shop.Order.As(c.token).Do(ctx, http.MethodPut, fmt.Sprintf("/orders/%d", c.placed.ID), map[string]string{"status": status})
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("%d: %s", a.Status, a.Detail())
		}
		if err != nil {
			return fmt.Errorf("let the order be %s: %w", status, err)
		}
	}
	return nil
}

// guesser tries one password after another for one name.
func guesser(ctx context.Context, c *clients) error {
	name := "drill." + strings.ToLower(rand.Text())
	return every(ctx, guessesPerSecond, func(n int) {
		_, _ = c.shop.User.Post(ctx, "/login", url.Values{"username": {name}, "password": {fmt.Sprintf("guess-%d", n)}})
	})
}
