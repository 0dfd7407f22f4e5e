//go:build linux

package observe

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"shop/shop/rest"
)

// person is a user with everything that the shop can know of one.
type person struct {
	rest.Session
	name, password, mail, phone, device string
}

// enter registers and logs in somebody new, who can be reached by every channel.
func (s *shop) enter(t *testing.T, name string) person {
	t.Helper()
	p := person{
		name: name, password: "password-" + unique(), mail: unique() + "@example.com",
		phone: "+84" + digits(), device: "device-" + unique(),
	}
	a, err := s.User.Post(t.Context(), "/register", map[string]any{"username": p.name, "password": p.password, "email": p.mail, "phone": p.phone})
	want(t, "register", a, err, http.StatusCreated)
	p.Session, err = s.Login(t.Context(), p.name, p.password)
	if err != nil {
		t.Fatal(err)
	}
	a, err = s.User.As(p.AccessToken).Do(t.Context(), http.MethodPatch, "/users/me", map[string]any{"push_token": p.device})
	want(t, "name a device", a, err, http.StatusOK)
	s.people = append(s.people, p)
	return p
}

// login asks for a session.
func (s *shop) login(t *testing.T, name, password string) (rest.Answer, error) {
	t.Helper()
	return s.User.Post(t.Context(), "/login", url.Values{"username": {name}, "password": {password}})
}

// stock makes a product of this quantity.
func (s *shop) stock(t *testing.T, p person, quantity int) rest.Product {
	t.Helper()
	a, err := s.Product.As(p.AccessToken).Post(t.Context(), "/products", map[string]any{"name": "Bàn phím", "price": "19.99", "quantity": quantity})
	want(t, "make a product", a, err, http.StatusCreated)
	var made rest.Product
	if err := a.Into(&made); err != nil {
		t.Fatal(err)
	}
	return made
}

// order orders one piece and returns the id of the request's trace.
func (s *shop) order(t *testing.T, p person, product rest.Product) (rest.Order, string) {
	t.Helper()
	a, err := s.Order.As(p.AccessToken).Post(t.Context(), "/orders", map[string]any{"product_id": product.ID, "quantity": 1})
	want(t, "order", a, err, http.StatusCreated)
	var made rest.Order
	if err := a.Into(&made); err != nil {
		t.Fatal(err)
	}
	return made, a.Header.Get("X-Trace-Id")
}

func want(t *testing.T, what string, a rest.Answer, err error, status int) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if a.Status != status {
		t.Fatalf("%s: answered %d, want %d: %s", what, a.Status, status, a.Body)
	}
}

func path(format string, id int64) string { return format + strconv.FormatInt(id, 10) }
