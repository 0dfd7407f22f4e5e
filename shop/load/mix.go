package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"shop/shop/rest"
)

// operation is one kind of request: the n-th of the load, by b.
type operation struct {
	name string
	send func(ctx context.Context, c *crowd, b *buyer, n int) (rest.Answer, error)
}

var (
	read     = operation{"read a product", readProduct}
	list     = operation{"search products", searchProducts}
	validate = operation{"validate a token", validateToken}
	place    = operation{"place an order", placeOrder}
	look     = operation{"read an order", readOrder}
	orders   = operation{"list orders", listOrders}
	notified = operation{"list notifications", listNotifications}
	whoAmI   = operation{"read an account", readAccount}
	mix      = []operation{ // A fifth are orders, half are reads that a cache can answer.
		read, place, read, validate, read, look, read, list, read, place,
		read, orders, read, place, read, notified, read, whoAmI, place, read,
	}
)

func readProduct(ctx context.Context, c *crowd, _ *buyer, n int) (rest.Answer, error) {
	return c.shop.Product.Get(ctx, fmt.Sprintf("/products/%d", c.product(n)))
}

func searchProducts(ctx context.Context, c *crowd, _ *buyer, _ int) (rest.Answer, error) {
	return c.shop.Product.Get(ctx, "/products?"+search("load"))
}

func validateToken(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	a, err := c.shop.User.Post(ctx, "/validate-token", map[string]string{"token": b.token()})
	var answer struct {
		Valid bool `json:"valid"`
	}
	if err != nil || a.Status != http.StatusOK {
		return a, err
	}
	if err := a.Into(&answer); err != nil {
		return a, err
	}
	if !answer.Valid {
		return a, errors.New("a valid token is said to be none")
	}
	return a, nil
}

// placeOrder orders one piece. Its key is new, so that it is no other order again.
func placeOrder(ctx context.Context, c *crowd, b *buyer, n int) (rest.Answer, error) {
	a, err := c.shop.Order.As(b.token()).Post(ctx, "/orders",
		map[string]int64{"product_id": c.product(n), "quantity": 1}, rest.Header("Idempotency-Key", rand.Text()))
	var placed rest.Order
	if err == nil && a.Into(&placed) == nil && placed.ID > 0 {
		b.order.Store(placed.ID)
	}
	return a, err
}

func readOrder(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	return c.shop.Order.As(b.token()).Get(ctx, fmt.Sprintf("/orders/%d", b.order.Load()))
}

func listOrders(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	return c.shop.Order.As(b.token()).Get(ctx, "/orders?limit=10")
}

func listNotifications(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	return c.shop.Notification.As(b.token()).Get(ctx, "/notifications?limit=10")
}

func readAccount(ctx context.Context, c *crowd, b *buyer, _ int) (rest.Answer, error) {
	return c.shop.User.As(b.token()).Get(ctx, "/users/me")
}
