package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shop/bench/bare"
	"shop/shop/rest"
)

// sqliteStage is a shop in one process on SQLite files, and a running reference
// over copies of its data.
type sqliteStage struct {
	shop, reference *process
	base            int // First port of the shop.
	referenceURL    string
	goods           goods
	copies          bare.Databases

	ready time.Duration
	idle  int64 // bytes
}

const settle = 2 * time.Second // After a start, before memory is read.

// onSQLite measures the shop as it runs without any engine.
func onSQLite(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "shop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &sqliteStage{}
	defer s.close()
	if err := s.open(ctx, dir); err != nil {
		return err
	}
	pairs, err := s.pairs()
	if err != nil {
		return err
	}
	r := newReport("one process, SQLite", o)
	if err := r.measure(ctx, pairs); err != nil {
		return err
	}
	r.figure("built binary to ready", s.ready.Round(time.Millisecond).String(), "≤ 1 s", s.ready <= time.Second)
	r.size("four services idle", s.idle, 80*mebi)
	r.print()
	return nil
}

func (s *sqliteStage) open(ctx context.Context, dir string) error {
	if err := build(ctx, dir, "./shop", "./bench/reference"); err != nil {
		return err
	}
	var err error
	if s.base, err = freePorts(5); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	run := func() error {
		s.shop, err = start(ctx, s.url(0)+"/readyz", program{
			path: filepath.Join(dir, "shop"), args: []string{"--data", data, "--base-port", strconv.Itoa(s.base)},
		})
		return err
	}
	if err := run(); err != nil {
		return err
	}
	s.ready = s.shop.ready
	if err := pause(ctx, settle); err != nil {
		return err
	}
	if s.idle, err = s.shop.resident(); err != nil {
		return err
	}
	if s.goods, err = fill(ctx, rest.At("127.0.0.1", s.base), 1); err != nil {
		return err
	}
	// The reference works on copies that were made while nothing wrote.
	s.shop.stop()
	if s.copies, err = copyDatabases(data, dir); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	return s.startReference(ctx, dir, data)
}

func (s *sqliteStage) startReference(ctx context.Context, dir, data string) (err error) {
	bodyFile, keyFile := filepath.Join(dir, "product.json"), filepath.Join(dir, "key")
	key, err := os.ReadFile(filepath.Join(data, "secrets", "secret_key"))
	if err != nil {
		return err
	}
	if err := errors.Join(
		os.WriteFile(bodyFile, s.goods.page, 0o600),
		os.WriteFile(keyFile, []byte(strings.TrimSpace(string(key))), 0o600),
	); err != nil {
		return err
	}
	listen := "127.0.0.1:" + strconv.Itoa(s.base+4)
	s.referenceURL = "http://" + listen
	s.reference, err = start(ctx, s.referenceURL+s.productPath(), program{
		path: filepath.Join(dir, "reference"),
		args: []string{"--body", bodyFile, "--secret", keyFile, "--database", s.copies.User, "--listen", listen},
	})
	return err
}

func (s *sqliteStage) url(n int) string { return "http://127.0.0.1:" + strconv.Itoa(s.base+n) }

func (s *sqliteStage) productPath() string { return productPath(s.goods.products[0]) }

func (s *sqliteStage) close() {
	for _, p := range []*process{s.shop, s.reference} {
		p.stop()
	}
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
func (s *sqliteStage) pairs() ([]pair, error) {
	const tail = 10
	validate, err := post(s.url(0)+"/validate-token", "", map[string]string{"token": s.goods.token})
	if err != nil {
		return nil, err
	}
	bareValidate := validate
	bareValidate.URL = s.referenceURL + "/validate-token"
	orders, err := s.goods.orders(s.url(2) + "/orders")
	if err != nil {
		return nil, err
	}
	return []pair{
		{
			"GET /products/{id}, cached", 0.5, tail,
			fullSpeed(get(s.url(1) + s.productPath())),
			fullSpeed(get(s.referenceURL + s.productPath())).rate,
		},
		{
			"POST /validate-token", 0.4, tail,
			fullSpeed(validate),
			fullSpeed(bareValidate).rate,
		},
		{
			"POST /orders", 0.3, tail,
			fullSpeed(orders...).then(func(ctx context.Context) error { return calm(ctx, s.base) }),
			func(ctx context.Context, d time.Duration) (float64, error) {
				return bare.Orders(ctx, s.copies, s.goods.products[0], connections, d)
			},
		},
	}, nil
}

// calm waits until no event and no notification of the shop at the ports from base
// waits.
func calm(ctx context.Context, base int) error {
	for _, waiting := range []struct {
		service int
		metric  string
	}{{2, "order_outbox_pending"}, {3, "notification_pending"}} {
		if err := drained(ctx, "http://"+loopback(base+1000+waiting.service)+"/metrics", waiting.metric); err != nil {
			return err
		}
	}
	return nil
}
