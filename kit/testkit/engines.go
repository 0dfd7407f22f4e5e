package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit/engine"
)

// Environment variables with the URLs of running engines for tests to use. Tests
// start private ones in place of those that are not set.
const (
	PostgresURL = "SHOP_TEST_POSTGRES_URL" // By a user who may create databases.
	RedisURL    = "SHOP_TEST_REDIS_URL"    // Its databases are emptied, but for number 0.
	RabbitMQURL = "SHOP_TEST_RABBITMQ_URL"
)

// engineTime is how long an engine may take to start or to stop.
const engineTime = 2 * time.Minute

// Postgres returns the URL of a PostgreSQL server, by a user who may create
// databases. All tests of the process share it, with others if the environment
// gives it: make a database of your own, or use sqldbtest.
func Postgres(t testing.TB) string {
	t.Helper()
	return shared(t, PostgresURL, engine.StartPostgres)
}

// RabbitMQ returns the URL of a RabbitMQ server. All tests of the process share
// it, with others if the environment gives it: use names of your own.
func RabbitMQ(t testing.TB) string {
	t.Helper()
	return shared(t, RabbitMQURL, engine.StartRabbitMQ)
}

// Main runs m and then ends the private engines of this process; it returns the
// exit code. Only a TestMain that looks for what is left behind needs it: engines
// and their files go with the process in any case.
func Main(m interface{ Run() int }) int {
	code := m.Run()
	if err := private.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// private is the engines that this process has started for its tests: a server
// takes seconds to start, so there is one for all.
var private privateEngines

type privateEngines struct {
	mu      sync.Mutex
	dir     string
	remove  func() error
	servers map[string]*engine.Server
}

type startEngine func(context.Context, engine.Options) (*engine.Server, error)

func shared(t testing.TB, variable string, start startEngine) string {
	t.Helper()
	if url := os.Getenv(variable); url != "" {
		return url
	}
	url, err := private.url(variable, start)
	if err != nil {
		t.Fatalf("%v (%s may name a running one)", err, variable)
	}
	return url
}

func (p *privateEngines) url(variable string, start startEngine) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.servers[variable]; s != nil {
		return s.URL(), nil
	}
	if p.servers == nil {
		dir, remove, err := engine.TempDir()
		if err != nil {
			return "", err
		}
		p.dir, p.remove, p.servers = dir, remove, map[string]*engine.Server{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), engineTime)
	defer cancel()
	s, err := start(ctx, engine.Options{Dir: filepath.Join(p.dir, variable), Fast: true})
	if err != nil {
		return "", err
	}
	p.servers[variable] = s
	return s.URL(), nil
}

func (p *privateEngines) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.servers == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), engineTime)
	defer cancel()
	var failed []error
	for _, s := range p.servers {
		failed = append(failed, s.Stop(ctx))
	}
	p.servers = nil
	return errors.Join(append(failed, p.remove())...)
}
