//go:build linux

package engine_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lib/pq"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"

	"shop/kit/testkit/engine"
)

// patience is how long anything here may take; nothing takes that long where all
// is well.
const patience = 2 * time.Minute

// kind is an engine with the simplest use of it.
type kind struct {
	start func(context.Context, engine.Options) (*engine.Server, error)
	put   func(ctx context.Context, url, value string) error
	get   func(ctx context.Context, url string) (string, error)

	// flushed reports whether what was put is on disk; nil = put has waited for that.
	flushed func(dir string) bool
}

var kinds = map[string]kind{
	"PostgreSQL": {
		start: engine.StartPostgres,
		put: func(ctx context.Context, url, value string) error {
			return withPostgres(url, func(db *sql.DB) error {
				_, err := db.ExecContext(ctx, "CREATE TABLE kept AS SELECT $1::text AS value", value)
				return err
			})
		},
		get: func(ctx context.Context, url string) (value string, err error) {
			err = withPostgres(url, func(db *sql.DB) error {
				return db.QueryRowContext(ctx, "SELECT value FROM kept").Scan(&value)
			})
			return value, err
		},
	},
	"Redis": {
		start: engine.StartRedis,
		put: func(ctx context.Context, url, value string) error {
			return withRedis(url, func(c *redis.Client) error { return c.Set(ctx, "kept", value, 0).Err() })
		},
		get: func(ctx context.Context, url string) (value string, err error) {
			err = withRedis(url, func(c *redis.Client) error {
				value, err = c.Get(ctx, "kept").Result()
				return err
			})
			return value, err
		},
	},
	"RabbitMQ": {
		start: engine.StartRabbitMQ,
		put: func(ctx context.Context, url, value string) error {
			return withRabbitMQ(ctx, url, func(c *amqp.Channel) error {
				if _, err := c.QueueDeclare("kept", true, false, false, false, nil); err != nil {
					return err
				}
				if err := c.Confirm(false); err != nil {
					return err
				}
				confirm, err := c.PublishWithDeferredConfirmWithContext(ctx, "", "kept", true, false,
					amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(value)})
				if err != nil {
					return err
				}
				if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
					return fmt.Errorf("confirmed: %t, %w", ok, err)
				}
				return nil
			})
		},
		get: func(ctx context.Context, url string) (value string, err error) {
			err = withRabbitMQ(ctx, url, func(c *amqp.Channel) error {
				m, ok, err := c.Get("kept", false) // Comes back when the channel closes.
				if err == nil && !ok {
					err = errors.New("the queue is empty")
				}
				value = string(m.Body)
				return err
			})
			return value, err
		},
		// A confirmed message is on disk; its queue's declaration is a little later.
		flushed: func(dir string) bool {
			logs, _ := filepath.Glob(filepath.Join(dir, "data", "*", "LATEST.LOG"))
			return slices.ContainsFunc(logs, func(log string) bool {
				written, err := os.ReadFile(log)
				return err == nil && bytes.Contains(written, []byte("kept"))
			})
		},
	},
}

func withPostgres(url string, use func(*sql.DB) error) error {
	connector, err := pq.NewConnector(url + "&connect_timeout=1") // The driver does not watch the context all the time.
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	return errors.Join(use(db), db.Close())
}

func withRedis(url string, use func(*redis.Client) error) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	options.MaxRetries, options.ContextTimeoutEnabled = -1, true
	client := redis.NewClient(options)
	return errors.Join(use(client), client.Close())
}

func withRabbitMQ(ctx context.Context, url string, use func(*amqp.Channel) error) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(patience)
	}
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: amqp.DefaultDial(time.Until(deadline))})
	if err != nil {
		return err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	return use(channel)
}

// each runs f on every engine, all at the same time.
func each(t *testing.T, f func(t *testing.T, k kind)) {
	t.Helper()
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, k)
		})
	}
}
