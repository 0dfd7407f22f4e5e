// Package e2e holds the whole shop to its promises, through its public doors,
// as its clients and operators know it.
package e2e

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/openapi/openapitest"
	"shop/kit/testkit"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/shop/demo"
	"shop/shop/local"
	"shop/shop/operator"
	"shop/shop/rest"
	"shop/user"
)

// patience is how long a start, an event, a settlement or a stop may take before a test
// gives up; nothing waits that long where all is well.
const patience = 2 * time.Minute

// running is a shop in this process.
type running struct {
	rest.Shop
	Admin operator.Admin
	Log   *testkit.Buffer
	Stop  func()
}

// start runs a shop on dir and free ports until Stop or the end of the test.
// environ adds to its settings. Every request and answer of its clients is held
// to the services' OpenAPI documents.
func start(t *testing.T, dir string, environ map[string]string) *running {
	t.Helper()
	settings := map[string]string{"BCRYPT_COST": "4", "LOG_LEVEL": "debug"}
	for key, value := range environ {
		settings[key] = value
	}
	log := &testkit.Buffer{}
	shop, err := local.Build(t.Context(), local.Options{Data: dir, Host: "127.0.0.1", Log: log, Environ: settings})
	if err != nil {
		t.Fatalf("build the shop: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- shop.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("run the shop: %v", err)
	}
	r := &running{Shop: shop.Public(), Admin: shop.Admin(), Log: log}
	r.Stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the shop did not stop cleanly: %v", err)
			}
		case <-time.After(patience):
			t.Errorf("the shop did not stop within %s", patience)
		}
	})
	t.Cleanup(r.Stop)
	r.validate(t)
	return r
}

func (r *running) validate(t *testing.T) {
	for _, door := range []struct {
		client *rest.Client
		spec   []byte
	}{
		{&r.User, user.OpenAPI}, {&r.Product, product.OpenAPI}, {&r.Order, order.OpenAPI}, {&r.Notification, notification.OpenAPI},
	} {
		door.client.HTTP = &http.Client{
			Transport: openapitest.Load(t, door.spec).Transport(t, http.DefaultTransport),
			Timeout:   patience,
		}
	}
}

func TestTheDemoMeetsNoSurprise(t *testing.T) { inEveryForm(t, theDemoMeetsNoSurprise) }

func theDemoMeetsNoSurprise(t *testing.T, start starter) {
	shop := start(t, t.TempDir(), nil)
	var lines bytes.Buffer
	if err := demo.Run(t.Context(), &lines, shop.Shop); err != nil {
		t.Fatalf("%v\n%s", err, lines.String())
	}
	// Once more on the same data: nothing of it depends on an empty shop.
	if err := demo.Run(t.Context(), &lines, shop.Shop); err != nil {
		t.Fatalf("second walk: %v\n%s", err, lines.String())
	}
}

func TestTheServicesAgreeOnTheQueues(t *testing.T) {
	want := order.Topology()
	for name, got := range map[string]event.Topology{"product": product.Spec().Topology, "notification": notification.Spec().Topology} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("topology of %s is %+v, of order %+v", name, got, want)
		}
	}
}

// buyer registers and logs in somebody new.
func (r *running) buyer(t *testing.T, name string) rest.Session {
	t.Helper()
	a, err := r.User.Post(t.Context(), "/register", map[string]any{"username": name, "password": password})
	want(t, a, err, http.StatusCreated)
	session, err := r.Login(t.Context(), name, password)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

const password = "a long password of a test"

// stocked makes a product of this quantity at 19.99.
func (r *running) stocked(t *testing.T, token string, quantity int) rest.Product {
	t.Helper()
	a, err := r.Product.As(token).Post(t.Context(), "/products", map[string]any{"name": "Bàn phím", "price": "19.99", "quantity": quantity})
	want(t, a, err, http.StatusCreated)
	var p rest.Product
	into(t, a, &p)
	return p
}

// placed orders quantity of the product and wants a 201.
func (r *running) placed(t *testing.T, token string, product int64, quantity int) rest.Order {
	t.Helper()
	a, err := r.Order.As(token).Post(t.Context(), "/orders", map[string]any{"product_id": product, "quantity": quantity})
	want(t, a, err, http.StatusCreated)
	var o rest.Order
	into(t, a, &o)
	return o
}

func want(t *testing.T, a rest.Answer, err error, status int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != status {
		t.Fatalf("got %d, want %d: %s", a.Status, status, a.Body)
	}
}

func into(t *testing.T, a rest.Answer, v any) {
	t.Helper()
	if err := a.Into(v); err != nil {
		t.Fatal(err)
	}
}
