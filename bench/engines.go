package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "github.com/lib/pq" // Looks into the services' databases.

	"shop/bench/bare"
	"shop/kit/testkit/engine"
	"shop/shop/rest"
)

// The services in the order of their ports.
const (
	user = iota
	product
	order
	notification
	services
)

func serviceName(n int) string {
	return [services]string{"user", "product", "order", "notification"}[n]
}

func databaseName(n int) string { return serviceName(n) + "_service_db" }

// enginesStage is the services as four processes on private engines.
type enginesStage struct {
	dir                     string
	postgres, redis, rabbit *engine.Server
	base                    int // First port of the services.
	services                [services]*process
	databases               [services]*sql.DB
	reference               *process
	goods                   goods
	pgbench                 bare.Pgbench
}

// onEngines measures the shop as it runs in production.
func onEngines(ctx context.Context, o options) (err error) {
	dir, remove, err := engine.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	s := &enginesStage{dir: dir}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	pairs, err := s.pairs()
	if err != nil {
		return err
	}
	r := newReport("four processes, PostgreSQL + Redis + RabbitMQ", o)
	if err := r.measure(ctx, pairs); err != nil {
		return err
	}
	if err := s.checkPgbench(ctx); err != nil {
		return err
	}
	if err := s.measureSteady(ctx, r); err != nil {
		return err
	}
	if err := s.measureRelay(ctx, r); err != nil {
		return err
	}
	r.print(
		"pgbench: -M prepared, as many clients, on the same server: the statements of bench/bare/orders.sql on copies of the three databases, each order by itself.",
		"Recorded is when the transaction of the notification was committed, by PostgreSQL's clock. The relay has no consumers beside it.",
	)
	return nil
}

func (s *enginesStage) open(ctx context.Context) error {
	announce("engines and services")
	if err := s.startEngines(ctx); err != nil {
		return err
	}
	if err := build(ctx, s.dir, "./user/cmd/user", "./product/cmd/product", "./order/cmd/order", "./notification/cmd/notification", "./bench/reference"); err != nil {
		return err
	}
	var err error
	if s.base, err = freePorts(services + 1); err != nil {
		return err
	}
	for n := range services {
		if err := s.start(ctx, n); err != nil {
			return err
		}
	}
	const products = 100 // So that orders don't wait for one row.
	if s.goods, err = fill(ctx, rest.At("127.0.0.1", s.base), products); err != nil {
		return err
	}
	if err := s.preparePgbench(ctx); err != nil {
		return err
	}
	listen := "127.0.0.1:" + strconv.Itoa(s.base+services)
	s.reference, err = start(ctx, s.referencePage(), program{
		path: filepath.Join(s.dir, "reference"), args: []string{"--redis", s.redis.URL(), "--listen", listen},
	})
	return err
}

func (s *enginesStage) startEngines(ctx context.Context) (err error) {
	at := func(name string) engine.Options { return engine.Options{Dir: filepath.Join(s.dir, name)} }
	if s.postgres, err = engine.StartPostgres(ctx, at("postgres")); err != nil {
		return err
	}
	if s.redis, err = engine.StartRedis(ctx, at("redis")); err != nil {
		return err
	}
	if s.rabbit, err = engine.StartRabbitMQ(ctx, at("rabbitmq")); err != nil {
		return err
	}
	server, err := sql.Open("postgres", s.postgres.URL())
	if err != nil {
		return err
	}
	defer server.Close()
	// Tells when a notification was committed. It counts after a restart.
	statements := []string{"ALTER SYSTEM SET track_commit_timestamp = on", "CREATE DATABASE pgbench"}
	for n := range services {
		statements = append(statements, "CREATE DATABASE "+databaseName(n))
		if s.databases[n], err = sql.Open("postgres", s.databaseURL(databaseName(n))); err != nil {
			return err
		}
	}
	for _, statement := range statements {
		if _, err := server.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return errors.Join(s.postgres.Stop(ctx), s.postgres.Start(ctx))
}

// databaseURL returns the URL of a database on the stage's server.
func (s *enginesStage) databaseURL(name string) string {
	u, err := url.Parse(s.postgres.URL())
	if err != nil { // The engine has just been reached by it.
		panic(err)
	}
	u.Scheme, u.Path = "postgresql", name
	return u.String()
}

// start runs a service until it is ready.
func (s *enginesStage) start(ctx context.Context, n int) error {
	environ, err := s.environ(n)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, serviceName(n)+".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.services[n], err = start(ctx, s.url(n)+"/readyz", program{
		path: filepath.Join(s.dir, serviceName(n)), dir: s.dir, env: environ, log: log,
	})
	return err
}

// environ returns all that the n-th service is told.
func (s *enginesStage) environ(n int) ([]string, error) {
	broker, err := url.Parse(s.rabbit.URL())
	if err != nil {
		return nil, err
	}
	brokerPassword, _ := broker.User.Password()
	cache, err := url.Parse(s.redis.URL())
	if err != nil {
		return nil, err
	}
	cachePassword, _ := cache.User.Password()
	const secret = "a secret of this measurement alone"
	return []string{
		"PORT=" + strconv.Itoa(s.base+n),
		"DATABASE_URL=" + s.databaseURL(databaseName(n)),
		"SECRET_KEY=" + secret, "INTERNAL_TOKEN=" + secret,
		"USER_SERVICE_URL=" + s.url(user), "PRODUCT_SERVICE_URL=" + s.url(product), "ORDER_SERVICE_URL=" + s.url(order),
		"RABBITMQ_HOST=" + broker.Hostname(), "RABBITMQ_PORT=" + broker.Port(),
		"RABBITMQ_USER=" + broker.User.Username(), "RABBITMQ_PASSWORD=" + brokerPassword,
		"REDIS_HOST=" + cache.Hostname(), "REDIS_PORT=" + cache.Port(), "REDIS_PASSWORD=" + cachePassword,
		"CACHE_TTL=86400", // The reference doesn't fill the cache.
	}, nil
}

func (s *enginesStage) url(n int) string {
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.base+n))
}

func (s *enginesStage) referencePage() string {
	return s.url(services) + productPath(s.goods.products[0])
}

// close ends everything. What the engines hold is thrown away.
func (s *enginesStage) close() {
	s.reference.stop()
	for n := range services {
		s.services[n].stop()
		if s.databases[n] != nil {
			_ = s.databases[n].Close()
		}
	}
	for _, e := range []*engine.Server{s.postgres, s.redis, s.rabbit} {
		if e != nil {
			_ = e.Kill()
		}
	}
}

// calm waits until every event is sent and the buyer of every order is told.
func (s *enginesStage) calm(ctx context.Context) error {
	for {
		var orders, unsent, told int
		if err := errors.Join(
			s.databases[order].QueryRowContext(ctx, `SELECT count(*), (SELECT count(*) FROM outbox WHERE sent_at IS NULL) FROM orders`).Scan(&orders, &unsent),
			s.databases[notification].QueryRowContext(ctx, `SELECT count(*) FROM notifications WHERE state = 'sent'`).Scan(&told),
		); err != nil {
			return err
		}
		if unsent == 0 && told == orders {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("%d events are not sent, %d of %d buyers told: %w", unsent, told, orders, err)
		}
	}
}

// pairs are what is measured beside a reference, in the order of the table.
func (s *enginesStage) pairs() ([]pair, error) {
	orders, err := s.goods.orders(s.url(order) + "/orders")
	if err != nil {
		return nil, err
	}
	return []pair{
		{
			"GET /products/{id}, in Redis", 0.5, 0,
			fullSpeed(get(s.url(product) + productPath(s.goods.products[0]))),
			fullSpeed(get(s.referencePage())).rate,
		},
		{
			"POST /orders, pgbench", 0.35, 0,
			fullSpeed(orders...).then(s.calm),
			func(ctx context.Context, d time.Duration) (float64, error) {
				return s.pgbench.Orders(ctx, connections, d)
			},
		},
	}, nil
}
