package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"shop/bench/bare"
	"shop/bench/load"
	"shop/shop/rest"
)

// stage is a running shop and a running reference over copies of its data.
type stage struct {
	shop, reference *process
	base            int // First port of the shop.
	referenceURL    string
	token           string
	productPath     string
	productID       int64
	copies          bare.Databases

	ready time.Duration
	idle  int64 // bytes
}

const settle = 2 * time.Second // After a start, before memory is read.

func newStage(ctx context.Context, dir string) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	shop, err := build(ctx, "./shop", dir)
	if err != nil {
		return nil, err
	}
	reference, err := build(ctx, "./bench/reference", dir)
	if err != nil {
		return nil, err
	}
	if s.base, err = freePorts(5); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	run := func() error {
		s.shop, err = start(ctx, s.url(0)+"/readyz", shop, "--data", data, "--base-port", strconv.Itoa(s.base))
		return err
	}
	if err := run(); err != nil {
		return nil, err
	}
	s.ready = s.shop.ready
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.idle, err = s.shop.resident(); err != nil {
		return nil, err
	}
	body, err := s.fill(ctx)
	if err != nil {
		return nil, err
	}
	// The reference works on copies that were made while nothing wrote.
	s.shop.stop()
	if s.copies, err = copyDatabases(data, dir); err != nil {
		return nil, err
	}
	if err := run(); err != nil {
		return nil, err
	}
	return s, s.startReference(ctx, reference, dir, data, body)
}

func (s *stage) startReference(ctx context.Context, bin, dir, data string, body []byte) (err error) {
	bodyFile, keyFile := filepath.Join(dir, "product.json"), filepath.Join(dir, "key")
	key, err := os.ReadFile(filepath.Join(data, "secrets", "secret_key"))
	if err != nil {
		return err
	}
	if err := errors.Join(
		os.WriteFile(bodyFile, body, 0o600),
		os.WriteFile(keyFile, []byte(strings.TrimSpace(string(key))), 0o600),
	); err != nil {
		return err
	}
	listen := "127.0.0.1:" + strconv.Itoa(s.base+4)
	s.referenceURL = "http://" + listen
	s.reference, err = start(ctx, s.referenceURL+s.productPath, bin,
		"--body", bodyFile, "--secret", keyFile, "--database", s.copies.User, "--listen", listen)
	return err
}

func (s *stage) url(n int) string { return "http://127.0.0.1:" + strconv.Itoa(s.base+n) }

func (s *stage) close() {
	for _, p := range []*process{s.shop, s.reference} {
		if p != nil {
			p.stop()
		}
	}
}

// fill makes a user and a product and returns the bytes that the product's page
// answers.
func (s *stage) fill(ctx context.Context) ([]byte, error) {
	shop := rest.At("127.0.0.1", s.base)
	const name, password = "bench", "measured twice"
	a, err := shop.User.Post(ctx, "/register", map[string]any{"username": name, "password": password})
	if err := created(a, err); err != nil {
		return nil, err
	}
	session, err := shop.Login(ctx, name, password)
	if err != nil {
		return nil, err
	}
	s.token = session.AccessToken
	a, err = shop.Product.As(s.token).Post(ctx, "/products", map[string]any{
		"name": "Bàn phím cơ Keychron K2", "description": "75 %, switch nâu", "price": "1990000.00", "quantity": 2000000000,
	})
	if err := created(a, err); err != nil {
		return nil, err
	}
	var p rest.Product
	if err := a.Into(&p); err != nil {
		return nil, err
	}
	s.productID, s.productPath = p.ID, fmt.Sprintf("/products/%d", p.ID)
	a, err = shop.Product.Get(ctx, s.productPath)
	return a.Body, err
}

func created(a rest.Answer, err error) error {
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("answered %d: %s", a.Status, a.Detail())
	}
	return err
}

// copyDatabases copies the files of a stopped shop, which has folded its logs in.
func copyDatabases(from, to string) (bare.Databases, error) {
	var failed []error
	copied := func(name string) string {
		path := filepath.Join(to, "bare-"+name)
		data, err := os.ReadFile(filepath.Join(from, name))
		failed = append(failed, err, os.WriteFile(path, data, 0o600))
		return path
	}
	files := bare.Databases{User: copied("user.db"), Product: copied("product.db"), Order: copied("order.db")}
	return files, errors.Join(failed...)
}

// pairs are what is measured, in the order of the table.
func (s *stage) pairs() []pair {
	token, _ := json.Marshal(map[string]string{"token": s.token})
	order, _ := json.Marshal(map[string]int64{"product_id": s.productID, "quantity": 1})
	return []pair{
		{
			"GET /products/{id}, cached", 0.5,
			attack(http.MethodGet, s.url(1)+s.productPath, nil, ""),
			rate(attack(http.MethodGet, s.referenceURL+s.productPath, nil, "")),
		},
		{
			"POST /validate-token", 0.4,
			attack(http.MethodPost, s.url(0)+"/validate-token", token, ""),
			rate(attack(http.MethodPost, s.referenceURL+"/validate-token", token, "")),
		},
		{
			"POST /orders", 0.3,
			s.calm(attack(http.MethodPost, s.url(2)+"/orders", order, s.token)),
			func(ctx context.Context, d time.Duration) (float64, error) {
				return bare.Orders(ctx, s.copies, s.productID, connections, d)
			},
		},
	}
}

func attack(method, url string, body []byte, token string) func(context.Context, time.Duration) (load.Result, error) {
	header := http.Header{}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: method, URL: url, Body: body, Header: header})
	return func(_ context.Context, d time.Duration) (load.Result, error) {
		return load.Median([]load.Result{load.Attack(target, connections, d)})
	}
}

func rate(f func(context.Context, time.Duration) (load.Result, error)) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, d time.Duration) (float64, error) {
		r, err := f(ctx, d)
		return r.Throughput, err
	}
}

// calm lets the shop finish what an attack has left to do (events, notifications)
// before the reference is measured.
func (s *stage) calm(f func(context.Context, time.Duration) (load.Result, error)) func(context.Context, time.Duration) (load.Result, error) {
	return func(ctx context.Context, d time.Duration) (load.Result, error) {
		result, err := f(ctx, d)
		if err != nil {
			return result, err
		}
		limit, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		for _, waiting := range []struct {
			service int
			metric  string
		}{{2, "order_outbox_pending"}, {3, "notification_pending"}} {
			if err := drained(limit, s.url(1000+waiting.service)+"/metrics", waiting.metric); err != nil {
				return result, err
			}
		}
		return result, nil
	}
}

// drained waits until every series of the gauge is 0 in two looks that are
// further apart than the gauge is cached.
func drained(ctx context.Context, url, gauge string) error {
	client := rest.Client{Base: url}
	for zero := 0; zero < 2; {
		a, err := client.Get(ctx, "")
		if err != nil {
			return err
		}
		waiting, err := sum(a.Body, gauge)
		if err != nil {
			return err
		}
		if zero++; waiting > 0 {
			zero = 0
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not come down to 0: %w", gauge, ctx.Err())
		case <-time.After(3 * time.Second):
		}
	}
	return nil
}

// sum adds up the series of a metric; one that does not exist is an error.
func sum(metrics []byte, name string) (total float64, err error) {
	found := false
	for line := range strings.Lines(string(metrics)) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if metric, _, _ := strings.Cut(series, "{"); !ok || metric != name {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		total, found = total+n, true
	}
	if !found {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return total, nil
}
