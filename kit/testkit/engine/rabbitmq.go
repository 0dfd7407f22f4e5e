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
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	ports "shop/kit/port"
)

const rabbitUser = "shop"

// rabbit is a RabbitMQ in a directory.
type rabbit struct {
	dir      string
	server   string // Path of rabbitmq-server.
	epmd     string // Path of Erlang's port mapper.
	password string
	metrics  int // Port of its figures; 0 = none.
}

// StartRabbitMQ starts RabbitMQ with one administrator (named shop, in place of
// guest) and returns when it opens a connection. The first start in a directory
// takes some seconds.
func StartRabbitMQ(ctx context.Context, o Options) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	r := &rabbit{dir: o.Dir}
	// On Debian, what PATH finds is a wrapper that changes to another user.
	if r.server, err = program("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server"); err != nil {
		return nil, err
	}
	if r.epmd, err = program("epmd", "rabbitmq-server"); err != nil {
		return nil, err
	}
	if r.password, err = password(o.Dir); err != nil {
		return nil, err
	}
	d := design{name: "RabbitMQ", commands: r.commands, url: r.url, ask: askRabbitMQ, stop: syscall.SIGTERM}
	plugins := "[]."
	if o.Metrics {
		plugins = "[rabbitmq_prometheus]."
		if r.metrics, err = ports.Free(); err != nil {
			return nil, err
		}
		d.metrics = func() int { return r.metrics }
	}
	if err := os.WriteFile(r.plugins(), []byte(plugins+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write the plugins of RabbitMQ: %w", err)
	}
	return open(ctx, o, d)
}

func (r *rabbit) plugins() string { return filepath.Join(r.dir, "enabled_plugins") }

// commands are a port mapper and the broker. Without one of its own the broker
// would use, or start and leave behind, one that other Erlang programs share.
func (r *rabbit) commands(port int) ([]command, error) {
	epmdPort, err := ports.Free()
	if err != nil {
		return nil, err
	}
	distributionPort, err := ports.Free()
	if err != nil {
		return nil, err
	}
	settings := fmt.Sprintf("listeners.tcp.default = %s:%d\ndefault_user = %s\ndefault_pass = %s\nlog.console = true\nlog.file = false\n",
		host, port, rabbitUser, r.password)
	if r.metrics != 0 {
		// Figures of queues are as old as this interval (ms), 5 s by default.
		settings += fmt.Sprintf("prometheus.tcp.ip = %s\nprometheus.tcp.port = %d\ncollect_statistics_interval = 1000\n", host, r.metrics)
	}
	file := filepath.Join(r.dir, "rabbitmq.conf")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return nil, fmt.Errorf("write the settings of RabbitMQ: %w", err)
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + r.dir, // Of the Erlang cookie.
		"LANG=C.UTF-8",
		"ERL_EPMD_PORT=" + strconv.Itoa(epmdPort),
		"ERL_EPMD_ADDRESS=" + host,
		"RABBITMQ_NODENAME=shop@localhost",
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(distributionPort),
		"RABBITMQ_CONFIG_FILE=" + file,
		"RABBITMQ_CONF_ENV_FILE=/dev/null", // Not this machine's.
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + r.plugins(),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(r.dir, "data"),
		"RABBITMQ_LOG_BASE=" + r.dir,
		"RABBITMQ_LOGS=-",
		// Schedulers that spin when there is nothing to do take a core from the tests.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
		// Makes the script become the broker, not start it as a child.
		"RUNNING_UNDER_SYSTEMD=true",
	}
	return []command{
		{path: r.epmd, args: []string{"-port", strconv.Itoa(epmdPort), "-address", host}, env: env, dir: r.dir, orphan: syscall.SIGKILL},
		{path: r.server, env: env, dir: r.dir, orphan: syscall.SIGKILL},
	}, nil
}

func (r *rabbit) url(port int) string {
	u := url.URL{Scheme: "amqp", User: url.UserPassword(rabbitUser, r.password), Host: host + ":" + strconv.Itoa(port), Path: "/"}
	return u.String()
}

func askRabbitMQ(ctx context.Context, url string) error {
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: func(network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		deadline, _ := ctx.Deadline()
		return conn, conn.SetDeadline(deadline) // Of the handshake; this connection does nothing else.
	}, Heartbeat: time.Minute})
	if err != nil {
		return err
	}
	channel, err := conn.Channel()
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	return errors.Join(channel.Close(), conn.Close())
}
