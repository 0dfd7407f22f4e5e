package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"shop/shop/rest"
)

// telemetryStage is the same shop several times, in one process on SQLite files
// each, that differ in what they tell of their requests.
type telemetryStage struct {
	dir       string
	collector *process // It takes spans and throws them away.
	shops     []*traced
}

// traced is a shop that sends spans of a part of its requests.
type traced struct {
	name string
	goal float64 // Of its throughput over that of the first; 0 = it is the first.
	env  []string

	process *process
	at      rest.Shop
	admin   string // The product service's.
	goods   goods
	ports   int // The first one.
}

// onTelemetry measures what spans cost, and how long a look at the metrics takes.
func onTelemetry(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "shop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &telemetryStage{dir: dir}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	r := newReport("what telemetry costs: one process, SQLite; the reference tells nothing of its requests but metrics", o)
	if err := s.compare(ctx, r); err != nil {
		return err
	}
	if err := s.measureScrape(ctx, r); err != nil {
		return err
	}
	r.print(
		"Metrics can't be turned off: they are recorded in all of them. Spans go to a process that takes and forgets them,",
		"on the same processors; the collector itself is on another machine in the field.",
	)
	return nil
}

func (s *telemetryStage) open(ctx context.Context) error {
	if err := build(ctx, s.dir, "./shop", "./bench/reference"); err != nil {
		return err
	}
	const apart = 4 // services
	s.shops = []*traced{
		{name: "no spans", env: []string{"OTEL_SDK_DISABLED=true"}},
		{name: "10 % traced", goal: 0.9},
		{name: "all traced", goal: 0.75, env: []string{"OTEL_TRACES_SAMPLER=parentbased_always_on"}},
	}
	s.shops[1].env = []string{"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.1"}
	base, err := freePorts(apart*len(s.shops) + 1)
	if err != nil {
		return err
	}
	listen := loopback(base + apart*len(s.shops))
	s.collector, err = start(ctx, "http://"+listen, program{
		path: filepath.Join(s.dir, "reference"), args: []string{"--answer", "{}", "--listen", listen},
	})
	if err != nil {
		return err
	}
	for n, shop := range s.shops {
		shop.ports = base + apart*n
		if err := s.start(ctx, shop, "http://"+listen); err != nil {
			return fmt.Errorf("%s: %w", shop.name, err)
		}
	}
	return nil
}

func (s *telemetryStage) start(ctx context.Context, shop *traced, collector string) (err error) {
	shop.at = rest.At("127.0.0.1", shop.ports)
	shop.admin = "http://" + loopback(shop.ports+1000+1)
	data := filepath.Join(s.dir, "data-"+strconv.Itoa(shop.ports))
	shop.process, err = start(ctx, "http://"+loopback(shop.ports)+"/readyz", program{
		path: filepath.Join(s.dir, "shop"), args: []string{"--data", data, "--base-port", strconv.Itoa(shop.ports)},
		env: slices.Concat(os.Environ(), []string{
			"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector,
		}, shop.env),
	})
	if err != nil {
		return err
	}
	shop.goods, err = fill(ctx, shop.at, 1)
	return err
}

func (s *telemetryStage) close() {
	for _, shop := range s.shops {
		shop.process.stop()
	}
	s.collector.stop()
}

// compare measures each of the others beside the first.
func (s *telemetryStage) compare(ctx context.Context, r *report) error {
	var pairs []pair
	for _, shop := range s.shops[1:] {
		reads, orders, err := shop.attacks()
		if err != nil {
			return err
		}
		readsOff, ordersOff, err := s.shops[0].attacks()
		if err != nil {
			return err
		}
		pairs = append(pairs,
			pair{name: "GET /products/{id}, cached, " + shop.name, goal: shop.goal, shop: reads, reference: readsOff.rate},
			pair{name: "POST /orders, " + shop.name, goal: shop.goal, shop: orders, reference: ordersOff.rate},
		)
	}
	return r.measure(ctx, pairs)
}

func (t *traced) attacks() (reads, orders attack, err error) {
	targets, err := t.goods.orders(t.at.Order.Base + "/orders")
	calm := func(ctx context.Context) error { return calm(ctx, t.ports) }
	return fullSpeed(get(t.at.Product.Base + productPath(t.goods.products[0]))), fullSpeed(targets...).then(calm), err
}

// measureScrape times GET /metrics of the service with the most of them, after
// all its requests, exemplars included.
func (s *telemetryStage) measureScrape(ctx context.Context, r *report) error {
	const (
		goal  = 20 * time.Millisecond
		times = 21
	)
	announce("a scrape")
	var took []time.Duration
	size := 0
	for range times {
		began := time.Now()
		n, err := scrape(ctx, s.shops[len(s.shops)-1].admin+"/metrics")
		if err != nil {
			return err
		}
		took, size = append(took, time.Since(began)), n
	}
	middle := median(took)
	r.figure("GET /metrics of product", fmt.Sprintf("%s (%d KiB)", middle.Round(10*time.Microsecond), size>>10), "≤ "+goal.String(), middle <= goal)
	return nil
}

// scrape reads metrics as Prometheus does and returns how many bytes they are.
func scrape(ctx context.Context, url string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %s", url, answer.Status)
	}
	n, err := io.Copy(io.Discard, answer.Body)
	return int(n), err
}
