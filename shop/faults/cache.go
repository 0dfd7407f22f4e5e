//go:build linux || darwin

package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"shop/shop/control"
)

// emptiedEvery is how often the cache is emptied: faster than it can fill.
const emptiedEvery = 200 * time.Millisecond

// emptied empties the cache again and again, so that every reader who comes asks
// the database.
func emptied(url string) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		options, err := redis.ParseURL(url)
		if err != nil {
			return nil, errors.New("the address of Redis is malformed")
		}
		client := redis.NewClient(options)
		if err := client.FlushDB(ctx).Err(); err != nil {
			return nil, errors.Join(fmt.Errorf("empty the cache: %w", err), client.Close())
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		ended := make(chan error, 1)
		go func() { ended <- emptyAgain(ctx, client) }()
		return func(context.Context) error {
			cancel()
			return errors.Join(<-ended, client.Close())
		}, nil
	}
}

func emptyAgain(ctx context.Context, client *redis.Client) error {
	again := time.NewTicker(emptiedEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		if err := client.FlushDB(ctx).Err(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("empty the cache: %w", err)
		}
	}
}
