package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"shop/shop/rest"
)

// TestWhoMayDoWhat is the authorisation matrix: every route of all services for
// nobody, for the owner of what it touches and for somebody else.
func TestWhoMayDoWhat(t *testing.T) { inEveryForm(t, whoMayDoWhat) }

func whoMayDoWhat(t *testing.T, start starter) {
	shop := start(t, t.TempDir(), nil)
	owner, other := shop.buyer(t, "owner"), shop.buyer(t, "other")
	product := shop.stocked(t, owner.AccessToken, 1000)
	productPath := fmt.Sprintf("/products/%d", product.ID)
	order := func() string {
		return fmt.Sprintf("/orders/%d", shop.placed(t, owner.AccessToken, product.ID, 1).ID)
	}
	fixed := func(path string) func() string { return func() string { return path } }
	item := map[string]any{"name": "x", "price": 1, "quantity": 1}
	for _, route := range []struct {
		door                    rest.Client
		method                  string
		path                    func() string
		body                    any
		anonymous, owner, other int
	}{
		{shop.User, "GET", fixed("/users/me"), nil, 401, 200, 200},
		{shop.User, "PATCH", fixed("/users/me"), map[string]any{"locale": "en"}, 401, 200, 200},
		{shop.User, "POST", fixed("/validate-token"), map[string]any{"token": "x"}, 200, 200, 200},
		{shop.User, "POST", fixed("/refresh"), map[string]any{"refresh_token": "x"}, 401, 401, 401},
		{shop.Product, "GET", fixed("/products"), nil, 200, 200, 200},
		{shop.Product, "GET", fixed(productPath), nil, 200, 200, 200},
		{shop.Product, "POST", fixed("/products"), item, 401, 201, 201},
		{shop.Product, "PUT", fixed(productPath), map[string]any{"description": "y"}, 401, 200, 200}, // Any user keeps the catalogue.
		{shop.Order, "GET", fixed("/orders"), nil, 401, 200, 200},
		{shop.Order, "POST", fixed("/orders"), map[string]any{"product_id": product.ID, "quantity": 1}, 401, 201, 201},
		{shop.Order, "GET", order, nil, 401, 200, 403},
		{shop.Order, "PUT", order, map[string]any{"status": "confirmed"}, 401, 200, 403},
		{shop.Order, "DELETE", order, nil, 401, 204, 403},
		{shop.Notification, "GET", fixed("/notifications"), nil, 401, 200, 200},
		{shop.Product, "DELETE", fixed(productPath), nil, 401, 204, 404}, // The owner was first.
		{shop.User, "POST", fixed("/logout"), nil, 401, 204, 204},
	} {
		for _, who := range []struct {
			name, token string
			want        int
		}{{"anonymous", "", route.anonymous}, {"owner", owner.AccessToken, route.owner}, {"other", other.AccessToken, route.other}} {
			path := route.path()
			a, err := route.door.As(who.token).Do(t.Context(), route.method, path, route.body)
			if err != nil {
				t.Fatal(err)
			}
			if a.Status != who.want {
				t.Errorf("%s %s as %s: %d, want %d: %s", route.method, path, who.name, a.Status, who.want, a.Body)
			}
			if a.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s as %s: 401 without WWW-Authenticate: Bearer", route.method, path, who.name)
			}
		}
	}
}

// TestInternalRoutesAreClosed: without the shared token they do not exist, and
// /metrics is on no public door.
func TestInternalRoutesAreClosed(t *testing.T) { inEveryForm(t, internalRoutesAreClosed) }

func internalRoutesAreClosed(t *testing.T, start starter) {
	shop := start(t, t.TempDir(), nil)
	session := shop.buyer(t, "curious")
	for _, route := range []struct {
		door         rest.Client
		method, path string
	}{
		{shop.User, "GET", "/internal/users/1/contact"},
		{shop.Product, "POST", "/internal/reservations"},
		{shop.Order, "POST", "/internal/reservations/0190a6f0-0000-7000-8000-000000000000/settle"},
		{shop.User, "GET", "/metrics"}, {shop.Product, "GET", "/metrics"}, {shop.Order, "GET", "/metrics"}, {shop.Notification, "GET", "/metrics"},
		{shop.User, "GET", "/debug/pprof/"},
	} {
		// The routes are in no OpenAPI document: a plain client.
		door := rest.Client{Base: route.door.Base, Token: session.AccessToken}
		for _, token := range []string{"", "wrong"} {
			a, err := door.Do(t.Context(), route.method, route.path, nil, rest.Header("X-Internal-Token", token))
			if err != nil {
				t.Fatal(err)
			}
			if a.Status < 400 || a.Status >= 500 {
				t.Errorf("%s %s with token %q: %d: %s", route.method, route.path, token, a.Status, a.Body)
			}
		}
	}
}
