package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"shop/shop/rest"
)

var products = []step{
	{"POST /products without a token", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.Post(ctx, "/products", map[string]any{"name": "x", "price": 1, "quantity": 1})
		return refused(a, err, http.StatusUnauthorized)
	}},
	{"POST /products", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		s.productTag = "Bàn phím đỏ " + s.tag
		a, err := s.shop.Product.As(s.seller.AccessToken).Post(ctx, "/products", map[string]any{
			"name": s.productTag, "description": "Made by the demo", "price": "24000000.00", "quantity": 10,
		})
		if err := want(a, err, http.StatusCreated); err != nil {
			return a, "", err
		}
		var p rest.Product
		err = a.Into(&p)
		if err == nil && p.Price.String() != "24000000.00" {
			err = fmt.Errorf("price is %s", p.Price)
		}
		s.productID = p.ID
		return a, fmt.Sprintf("product %d, %s, %d in stock", p.ID, p.Price, p.Quantity), err
	}},
	{"POST /products with everything wrong", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.As(s.seller.AccessToken).Post(ctx, "/products", map[string]any{"name": " ", "price": 0, "quantity": -1})
		if err := want(a, err, http.StatusUnprocessableEntity); err != nil {
			return a, "", err
		}
		var body struct{ Detail []any }
		err = a.Into(&body)
		if err == nil && len(body.Detail) != 3 {
			err = fmt.Errorf("named %d faults, want 3: %s", len(body.Detail), a.Body)
		}
		return a, fmt.Sprintf("%d faults at once", len(body.Detail)), err
	}},
	{"GET /products/{id}", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		p, a, err := s.product(ctx)
		return a, p.Name, err
	}},
	{"GET /products/{id} if changed", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		_, first, err := s.product(ctx)
		if err != nil {
			return first, "", err
		}
		etag := first.Header.Get("ETag")
		a, err := s.shop.Product.Get(ctx, s.productPath(), rest.Header("If-None-Match", etag))
		return a, "ETag " + etag, want(a, err, http.StatusNotModified)
	}},
	{"GET /products?q= without accents", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var found []rest.Product
		a, err := get(ctx, s.shop.Product, "/products?q="+url.QueryEscape("BAN PHIM do "+s.tag), &found)
		if err == nil && (len(found) != 1 || found[0].ID != s.productID) {
			err = fmt.Errorf("found %d products", len(found))
		}
		return a, fmt.Sprintf("%d of %s", len(found), a.Header.Get("X-Total-Count")), err
	}},
	{"PUT /products/{id}", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.As(s.seller.AccessToken).Do(ctx, http.MethodPut, s.productPath(), map[string]any{"price": 19.99})
		if err := want(a, err, http.StatusOK); err != nil {
			return a, "", err
		}
		p, _, err := s.product(ctx)
		if err == nil && p.Price.String() != "19.99" {
			err = fmt.Errorf("a read after the change still answers %s", p.Price)
		}
		return a, "price " + p.Price.String(), err
	}},
	{"PUT /products/{id} with an old ETag", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.As(s.seller.AccessToken).Do(ctx, http.MethodPut, s.productPath(), map[string]any{"price": 1},
			rest.Header("If-Match", `"an-old-one"`))
		return refused(a, err, http.StatusPreconditionFailed)
	}},
	{"GET /products/{id} of nothing", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.Get(ctx, "/products/9007199254740991")
		return refused(a, err, http.StatusNotFound)
	}},
}

func (s *Story) productPath() string { return fmt.Sprintf("/products/%d", s.productID) }

func (s *Story) product(ctx context.Context) (rest.Product, rest.Answer, error) {
	var p rest.Product
	a, err := get(ctx, s.shop.Product, s.productPath(), &p)
	return p, a, err
}
