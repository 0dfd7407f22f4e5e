package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"shop/bench/load"
	"shop/shop/rest"
)

// goods is what a shop is filled with to be measured.
type goods struct {
	token    string // A buyer's.
	products []int64
	page     []byte // What the page of the first product answers.
}

// fill makes a user and n products with more stock than can be sold.
func fill(ctx context.Context, shop rest.Shop, n int) (g goods, err error) {
	const name, password = "bench", "measured twice"
	if err := created(shop.User.Post(ctx, "/register", map[string]any{"username": name, "password": password}))(nil); err != nil {
		return g, err
	}
	session, err := shop.Login(ctx, name, password)
	if err != nil {
		return g, err
	}
	g.token = session.AccessToken
	seller := shop.Product.As(g.token)
	for range n {
		var p rest.Product
		if err := created(seller.Post(ctx, "/products", map[string]any{
			"name": "Bàn phím cơ Keychron K2", "description": "75 %, switch nâu", "price": "1990000.00", "quantity": 2000000000,
		}))(&p); err != nil {
			return g, err
		}
		g.products = append(g.products, p.ID)
	}
	page, err := shop.Product.Get(ctx, productPath(g.products[0]))
	g.page = page.Body
	return g, err
}

// created makes sure that an answer is 201 and decodes it into v, if that isn't nil.
func created(a rest.Answer, err error) func(v any) error {
	return func(v any) error {
		switch {
		case err != nil:
			return err
		case a.Status != http.StatusCreated:
			return fmt.Errorf("answered %d: %s", a.Status, a.Detail())
		case v == nil:
			return nil
		}
		return a.Into(v)
	}
}

func productPath(id int64) string { return fmt.Sprintf("/products/%d", id) }

func get(url string) vegeta.Target { return vegeta.Target{Method: http.MethodGet, URL: url} }

// post is a request with a JSON body by the bearer of token; "" = by nobody.
func post(url, token string, body any) (vegeta.Target, error) {
	data, err := json.Marshal(body)
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return vegeta.Target{Method: http.MethodPost, URL: url, Body: data, Header: header}, err
}

// orders are requests for one piece of each product.
func (g goods) orders(url string) ([]vegeta.Target, error) {
	targets := make([]vegeta.Target, len(g.products))
	for i, id := range g.products {
		var err error
		if targets[i], err = post(url, g.token, map[string]int64{"product_id": id, "quantity": 1}); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// fullSpeed sends the targets in turn, each connection as fast as it is answered.
func fullSpeed(targets ...vegeta.Target) attack {
	next := vegeta.NewStaticTargeter(targets...)
	return func(_ context.Context, d time.Duration) (load.Result, error) {
		return load.Median([]load.Result{load.Attack(next, connections, d)})
	}
}

// then lets the shop finish what the attack has left to do (events,
// notifications) before the reference is measured.
func (a attack) then(finish func(context.Context) error) attack {
	return func(ctx context.Context, d time.Duration) (load.Result, error) {
		result, err := a(ctx, d)
		if err != nil {
			return result, err
		}
		limit, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		return result, finish(limit)
	}
}
