//go:build linux

package drills

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit/promapi"
	"shop/observability"
	"shop/shop/rest"
	"shop/shop/seed"
)

// loadTime is how long everybody is busy before Prometheus is asked.
const loadTime = time.Minute

// everyQueryIsAnswered asks, under load, what every panel and every rule asks.
// Those that may be without an answer while all is well say why.
func everyQueryIsAnswered(t *testing.T, shop rest.Shop, prometheus string) {
	load(t, shop)
	questions, err := observability.Queries(factor)
	if err != nil {
		t.Fatal(err)
	}
	client := promapi.New(prometheus)
	answered, quiet := 0, 0
	for _, q := range questions {
		samples, err := client.Vector(t.Context(), q.Expr)
		some := slices.ContainsFunc(samples, func(s promapi.Sample) bool { return !math.IsNaN(s.Value) })
		switch {
		case err != nil:
			t.Errorf("%s: %v", q.Where, err)
		case some:
			answered++
		case q.Quiet != "":
			quiet++
		default:
			t.Errorf("%s: no answer to %s", q.Where, q.Expr)
		}
	}
	t.Logf("%d queries: %d answered, %d without an answer as they may be", len(questions), answered, quiet)
}

// load keeps people of every kind busy until the test ends, and returns after
// loadTime.
func load(t *testing.T, shop rest.Shop) {
	t.Helper()
	if _, err := seed.Run(t.Context(), shop, func() {}); err != nil {
		t.Fatal(err)
	}
	v := visitor{shop: shop}
	v.enter(t)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, kind := range []struct {
		pause time.Duration
		do    func(context.Context) error
	}{{50 * time.Millisecond, v.read}, {500 * time.Millisecond, v.buy}, {5 * time.Second, v.comeAndGo}} {
		all.Go(func() {
			again := time.NewTicker(kind.pause)
			defer again.Stop()
			for {
				if err := kind.do(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				select {
				case <-ctx.Done():
					return
				case <-again.C:
				}
			}
		})
	}
	t.Cleanup(func() { cancel(); all.Wait() })
	select {
	case <-time.After(loadTime):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

// visitor is somebody who does all that one can do.
type visitor struct {
	shop    rest.Shop
	name    string
	token   string
	product rest.Product
}

const password = "seen from outside"

func (v *visitor) enter(t *testing.T) {
	t.Helper()
	v.name = fmt.Sprintf("visitor.%d", time.Now().UnixNano())
	ctx := t.Context()
	err := expect(http.StatusCreated)(v.shop.User.Post(ctx, "/register", map[string]string{
		"username": v.name, "password": password, "email": v.name + "@example.com", "phone": "+84 90 765 4321",
	}))(nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := v.shop.Login(ctx, v.name, password)
	if err != nil {
		t.Fatal(err)
	}
	v.token = session.AccessToken
	err = expect(http.StatusCreated)(v.shop.Product.As(v.token).Post(ctx, "/products", map[string]any{
		"name": "Đèn bàn", "price": "350000.00", "quantity": 1_000_000,
	}))(&v.product)
	if err != nil {
		t.Fatal(err)
	}
}

func (v *visitor) page() string { return fmt.Sprintf("/products/%d", v.product.ID) }

// read looks at a product that is there, at one that is not, and at the list.
func (v *visitor) read(ctx context.Context) error {
	for path, want := range map[string]int{v.page(): http.StatusOK, "/products?limit=5": http.StatusOK, "/products/99999999": http.StatusNotFound} {
		if err := expect(want)(v.shop.Product.Get(ctx, path))(nil); err != nil {
			return err
		}
	}
	return nil
}

// buy orders, changes his mind, and looks what he was told; the seller changes the
// price.
func (v *visitor) buy(ctx context.Context) error {
	orders := v.shop.Order.As(v.token)
	var placed rest.Order
	if err := expect(http.StatusCreated)(orders.Post(ctx, "/orders", map[string]any{"product_id": v.product.ID, "quantity": 1}))(&placed); err != nil {
		return err
	}
	path := fmt.Sprintf("/orders/%d", placed.ID)
	for _, step := range []struct {
		client       rest.Client
		method, path string
		body         any
		want         int
	}{
		{orders, http.MethodPost, "/orders", map[string]any{"product_id": 99999999, "quantity": 1}, http.StatusBadRequest},
		{orders, http.MethodPut, path, map[string]string{"status": "cancelled"}, http.StatusOK},
		{orders, http.MethodGet, path, nil, http.StatusOK},
		{v.shop.Product.As(v.token), http.MethodPut, v.page(), map[string]any{"description": placed.CreatedAt}, http.StatusOK},
		{v.shop.Notification.As(v.token), http.MethodGet, "/notifications?limit=5", nil, http.StatusOK},
	} {
		if err := expect(step.want)(step.client.Do(ctx, step.method, step.path, step.body))(nil); err != nil {
			return err
		}
	}
	return nil
}

// comeAndGo logs in with a wrong password and with the right one, and out.
func (v *visitor) comeAndGo(ctx context.Context) error {
	wrong := url.Values{"username": {v.name}, "password": {"not " + password}}
	if err := expect(http.StatusUnauthorized)(v.shop.User.Post(ctx, "/login", wrong))(nil); err != nil {
		return err
	}
	session, err := v.shop.Login(ctx, v.name, password)
	if err != nil {
		return err
	}
	return expect(http.StatusNoContent)(v.shop.User.As(session.AccessToken).Post(ctx, "/logout", nil))(nil)
}

// expect makes sure of the status of an answer and decodes it into v, if that isn't
// nil.
func expect(status int) func(rest.Answer, error) func(v any) error {
	return func(a rest.Answer, err error) func(v any) error {
		return func(v any) error {
			switch {
			case err != nil:
				return err
			case a.Status != status:
				return fmt.Errorf("answered %d, want %d: %s", a.Status, status, a.Detail())
			case v == nil:
				return nil
			}
			return a.Into(v)
		}
	}
}
