package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"

	"shop/kit/service"
	"shop/kit/testkit/engine"
)

// stopTime is how long an engine of the shop's own may take to stop.
const stopTime = 20 * time.Second

// Engines are the servers that a shop uses in place of its embedded parts.
type Engines struct {
	Postgres *url.URL // Without a database; nil = a SQLite file for each service.
	Redis    *url.URL // nil = a cache in memory.
	RabbitMQ *url.URL // nil = a queue file.
	Private  bool     // Start private ones in place of those that are nil.
	Observed bool     // The private RabbitMQ tells its figures.
}

// ParseEngines reads the addresses of engines as they are given on a command
// line; "" is none. No error repeats an address: it may hold a password.
func ParseEngines(postgres, redis, rabbitmq string) (e Engines, err error) {
	var failed []error
	read := func(flag, text, example string, schemes ...string) *url.URL {
		if text == "" {
			return nil
		}
		if flag == "--redis" && !strings.Contains(text, "://") {
			text = "redis://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			failed = append(failed, fmt.Errorf("%s is no address: write it like %s (percent-encode special characters of the password)", flag, example))
			return nil
		}
		for _, scheme := range schemes {
			if u.Scheme == scheme {
				return u
			}
		}
		failed = append(failed, fmt.Errorf("%s begins with %s://, not with %s://", flag, schemes[0], u.Scheme))
		return nil
	}
	e.Postgres = read("--postgres", postgres, "postgresql://user:password@host:5432", "postgresql", "postgres")
	e.Redis = read("--redis", redis, "host:6379 or redis://user:password@host:6379/0", "redis", "rediss")
	e.RabbitMQ = read("--rabbitmq", rabbitmq, "amqp://user:password@host:5672/", "amqp", "amqps")
	if e.Postgres != nil && (strings.Trim(e.Postgres.Path, "/") != "" || e.Postgres.Query().Has("dbname")) {
		failed = append(failed, errors.New("--postgres names a server, not a database: each service has one of its own there, which the shop makes"))
	}
	return e, errors.Join(failed...)
}

// Names of the private engines.
const (
	Postgres = "postgres"
	Redis    = "redis"
	RabbitMQ = "rabbitmq"
)

// Using returns the engines that the shop uses, with the private ones.
func (h *Home) Using() Engines { return h.using }

// Private returns a private engine by its name, nil if the shop has started none.
func (h *Home) Private(name string) *engine.Server { return h.private[name] }

// Engine is an engine that a shop uses.
type Engine struct {
	Name    string // "PostgreSQL"
	Addr    string // "host:port"
	Private bool   // It is the shop's own and stops with it.
	Away    error  // Why it did not answer at the start; the shop goes on without it.
}

// openEngines starts the private engines, looks whether all engines answer and
// makes the databases that are missing.
func (h *Home) openEngines(ctx context.Context) error {
	given := h.o.Engines
	h.using = given
	if given.Private {
		if err := h.startEngines(ctx, filepath.Join(h.o.Data, "engines")); err != nil {
			return err
		}
	}
	if err := makeDatabases(ctx, h.using.Postgres); err != nil {
		return err
	}
	var failed []error
	for _, e := range []struct {
		name     string
		url      *url.URL
		port     string
		embedded bool
	}{
		{"PostgreSQL", h.using.Postgres, "5432", given.Postgres == nil},
		{"Redis", h.using.Redis, "6379", given.Redis == nil},
		{"RabbitMQ", h.using.RabbitMQ, "5672", given.RabbitMQ == nil},
	} {
		if e.url == nil {
			continue
		}
		used := Engine{Name: e.name, Addr: address(e.url, e.port), Private: e.embedded}
		if e.url != h.using.Postgres { // Which has answered already.
			// What is away comes back; what refuses goes on refusing.
			used.Away = engine.Ping(ctx, e.url.String())
			if errors.Is(used.Away, engine.ErrRefused) {
				failed = append(failed, fmt.Errorf("%s at %s %w", e.name, used.Addr, used.Away))
			}
		}
		h.engines = append(h.engines, used)
	}
	return errors.Join(failed...)
}

// startEngines starts a private engine in place of each that is not given.
func (h *Home) startEngines(ctx context.Context, dir string) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for name, e := range map[string]struct {
		at    **url.URL
		start func(context.Context, engine.Options) (*engine.Server, error)
	}{
		Postgres: {&h.using.Postgres, engine.StartPostgres},
		Redis:    {&h.using.Redis, engine.StartRedis},
		RabbitMQ: {&h.using.RabbitMQ, engine.StartRabbitMQ},
	} {
		if *e.at != nil {
			continue
		}
		group.Go(func() {
			server, err := e.start(ctx, engine.Options{Dir: filepath.Join(dir, name), Metrics: h.using.Observed})
			if err == nil {
				*e.at, err = url.Parse(server.URL())
			}
			mu.Lock()
			defer mu.Unlock()
			if server != nil {
				h.private[name] = server
			}
			if err != nil {
				failed = append(failed, err)
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func (h *Home) stopEngines(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	var failed []error
	for _, server := range h.private {
		failed = append(failed, server.Stop(ctx))
	}
	return errors.Join(failed...)
}

const (
	// brokerTime is how long a start waits for a broker that answered before.
	brokerTime = 10 * time.Second
	brokerPoll = 20 * time.Millisecond
)

// Broken reports whether an engine did not answer at the start.
func (h *Home) Broken() bool {
	return slices.ContainsFunc(h.engines, func(e Engine) bool { return e.Away != nil })
}

// AwaitBroker waits until the instances' buses work, for a while: the shop goes on
// without its broker.
func AwaitBroker(ctx context.Context, instances ...*service.Instance) {
	ctx, cancel := context.WithTimeout(ctx, brokerTime)
	defer cancel()
	for _, i := range instances {
		for i.Infra.Bus != nil && i.Infra.Bus.Ping(ctx) != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(brokerPoll):
			}
		}
	}
}

// database names the database of a service.
func database(server *url.URL, service string) string {
	u := *server
	u.Scheme, u.Path = "postgresql", "/"+service+"_service_db"
	return u.String()
}

// makeDatabases makes those databases of the services that server does not have.
func makeDatabases(ctx context.Context, server *url.URL) error {
	if server == nil {
		return nil
	}
	at := *server
	at.Scheme, at.Path = "postgres", "/postgres"
	query := at.Query()
	for name, value := range map[string]string{"sslmode": "prefer", "connect_timeout": "5"} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	at.RawQuery = query.Encode()
	failed := func(err error) error {
		return fmt.Errorf("PostgreSQL at %s: %w", address(server, "5432"), err)
	}
	connector, err := pq.NewConnector(at.String())
	if err != nil {
		return failed(errors.New("its address has an option that is unknown or wrong"))
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for _, name := range Names {
		if err := makeDatabase(ctx, db, name+"_service_db"); err != nil {
			return failed(err)
		}
	}
	return nil
}

func makeDatabase(ctx context.Context, db *sql.DB, name string) error {
	var there bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return err
	}
	_, err := db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name))
	const duplicate = "42P04" // Another shop was quicker.
	if refused := (*pq.Error)(nil); errors.As(err, &refused) && refused.Code == duplicate {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make database %s: %w", name, err)
	}
	return nil
}

// address returns the host:port of u; port is what it is without one.
func address(u *url.URL, port string) string {
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port)
}
