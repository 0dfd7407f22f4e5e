//go:build compose

package compose_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"shop/shop/rest"
)

const password = "a long password of a test"

// asked wants an answer of that status; its JSON goes into v unless that is nil.
func asked(t *testing.T, want int, v any) func(rest.Answer, error) rest.Answer {
	return func(a rest.Answer, err error) rest.Answer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != want {
			t.Fatalf("answered %d, want %d: %s", a.Status, want, a.Detail())
		}
		if v != nil {
			if err := a.Into(v); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
}

// clients are those of the public ports.
func (p *project) clients() rest.Shop { return rest.At("127.0.0.1", p.base) }

// register makes an account with an e-mail address.
func (p *project) register(t *testing.T, name string) {
	t.Helper()
	account := map[string]string{"username": name, "password": password, "email": name + "@example.com"}
	asked(t, http.StatusCreated, nil)(p.clients().User.Post(t.Context(), "/register", account))
}

// login returns the clients of somebody who is registered.
func (p *project) login(t *testing.T, name string) rest.Shop {
	t.Helper()
	shop := p.clients()
	session, err := shop.Login(t.Context(), name, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*rest.Client{&shop.User, &shop.Product, &shop.Order, &shop.Notification} {
		*c = c.As(session.AccessToken)
	}
	return shop
}

// stocked makes a product and returns its number.
func stocked(t *testing.T, seller rest.Shop, quantity int) int64 {
	t.Helper()
	var p rest.Product
	asked(t, http.StatusCreated, &p)(seller.Product.Post(t.Context(), "/products", map[string]any{"name": "Bàn phím", "price": "19.99", "quantity": quantity}))
	return p.ID
}

// placed orders one piece and returns the order's number and its trace.
func placed(t *testing.T, buyer rest.Shop, product int64) (id int64, trace string) {
	t.Helper()
	var o rest.Order
	a := asked(t, http.StatusCreated, &o)(buyer.Order.Post(t.Context(), "/orders", map[string]int64{"product_id": product, "quantity": 1}))
	return o.ID, a.Header.Get("X-Trace-Id")
}

// oneMail is an error unless there is one mail of the order to somebody.
func (p *project) oneMail(t *testing.T, name string, order int64) error {
	t.Helper()
	a, err := rest.Client{Base: p.at("MAILPIT")}.Get(t.Context(), "/api/v1/messages?limit=500")
	if err != nil {
		return err
	}
	var found struct {
		Messages []struct {
			Subject string
			To      []struct{ Address string }
		}
	}
	if err := a.Into(&found); err != nil {
		return err
	}
	n := 0
	for _, m := range found.Messages {
		if len(m.To) == 1 && m.To[0].Address == name+"@example.com" && strings.HasSuffix(m.Subject, fmt.Sprintf("#%d", order)) {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%d mails of order %d to %s", n, order, name)
	}
	return nil
}
