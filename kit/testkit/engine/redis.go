package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// redisDatabases is enough for each of the tests that run at the same time.
const redisDatabases = 256

// StartRedis starts Redis and returns when it answers PING. It keeps its data by
// an append-only file: what was answered survives a kill.
func StartRedis(ctx context.Context, o Options) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	path, err := program("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	secret, err := password(o.Dir)
	if err != nil {
		return nil, err
	}
	commands := func(port int) ([]command, error) {
		settings := fmt.Sprintf("bind %s\nport %d\nrequirepass %s\ndatabases %d\nappendonly yes\nsave \"\"\n",
			host, port, secret, redisDatabases)
		// A file, because everybody sees the arguments of a process.
		file := filepath.Join(o.Dir, "redis.conf")
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			return nil, fmt.Errorf("write the settings of Redis: %w", err)
		}
		return []command{{path: path, args: []string{file}, dir: o.Dir, orphan: syscall.SIGKILL}}, nil
	}
	address := func(port int) string {
		u := url.URL{Scheme: "redis", User: url.UserPassword("", secret), Host: host + ":" + strconv.Itoa(port)}
		return u.String()
	}
	return open(ctx, o, design{name: "Redis", commands: commands, url: address, ask: askRedis, stop: syscall.SIGTERM})
}

func askRedis(ctx context.Context, url string) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	// The client would write to standard error that nobody is there.
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", options.Addr)
	if err != nil {
		return err
	}
	if err := conn.Close(); err != nil {
		return err
	}
	options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
	client := redis.NewClient(options)
	return errors.Join(client.Ping(ctx).Err(), client.Close())
}
