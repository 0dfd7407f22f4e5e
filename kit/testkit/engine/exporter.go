package engine

import (
	"context"
	"net"
	"net/url"
	"os"
	"strconv"
	"syscall"
)

// StartRedisExporter starts an exporter of the figures of the Redis at redis (a
// URL), which need not be there: the figure redis_up says whether it is.
func StartRedisExporter(ctx context.Context, o Options, redis string) (*Server, error) {
	u, err := url.Parse(redis)
	if err != nil {
		return nil, err
	}
	env := []string{"REDIS_ADDR=redis://" + u.Host, "REDIS_USER=" + u.User.Username()}
	if secret, ok := u.User.Password(); ok {
		env = append(env, "REDIS_PASSWORD="+secret)
	}
	if u.Scheme == "rediss" {
		env[0] = "REDIS_ADDR=rediss://" + u.Host
	}
	// A Redis that hangs is told of within one scrape.
	return startExporter(ctx, o, "prometheus-redis-exporter", env, "-connection-timeout=900ms", "-redis-only-metrics")
}

// StartPostgresExporter starts an exporter of the figures of the PostgreSQL at
// postgres (a URL), which need not be there: the figure pg_up says whether it is.
func StartPostgresExporter(ctx context.Context, o Options, postgres string) (*Server, error) {
	return startExporter(ctx, o, "prometheus-postgres-exporter", []string{"DATA_SOURCE_NAME=" + postgres}, "--disable-settings-metrics", "--log.level=warn")
}

// startExporter starts an exporter of that name, which is its Debian package's too.
// The password of what it asks is in env, where only its owner sees it.
func startExporter(ctx context.Context, o Options, name string, env []string, args ...string) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	path, err := program(name, name)
	if err != nil {
		return nil, err
	}
	commands := func(port int) ([]command, error) {
		at := "--web.listen-address=" + net.JoinHostPort(host, strconv.Itoa(port))
		return []command{{
			path: path, args: append([]string{at}, args...), env: append([]string{"PATH=" + os.Getenv("PATH")}, env...),
			dir: o.Dir, orphan: syscall.SIGKILL,
		}}, nil
	}
	address := func(port int) string { return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) }
	ask := func(ctx context.Context, url string) error { return askHTTP(ctx, url+"/metrics") }
	return open(ctx, o, design{name: name, commands: commands, url: address, ask: ask, stop: syscall.SIGTERM})
}
