package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/internal/pause"
)

const (
	// heartbeat: a broker that is silent for three of them is away.
	heartbeat = 5 * time.Second
	// handshake bounds connecting and logging in.
	handshake = 10 * time.Second
	// stuck bounds a write to a broker that reads no more.
	stuck = 10 * time.Second
	// goodbye bounds an orderly end.
	goodbye = 2 * time.Second
	// steady is how long something must have worked to be tried again at once.
	steady = 5 * time.Second
)

var (
	errConnecting = errors.New("not connected yet")
	errEnded      = errors.New("the connection ended")
	errClosed     = errors.New("the bus is closed")
)

// link is a connection that is made again for ever.
type link struct {
	endpoint   endpoint
	name       string // At the broker: the service and what the connection is for.
	condition  condition
	reconnects prometheus.Counter

	mu      sync.Mutex
	conn    *amqp.Connection // Nil while it is away.
	blocked string           // Why the broker takes no messages; "" = it does.
	changed chan struct{}    // Closed when conn or blocked change.
}

// run keeps the connection until ctx ends.
func (l *link) run(ctx context.Context) {
	wait := newBackOff()
	for first := true; ; first = false {
		conn, err := l.dial(ctx)
		if err == nil {
			if !first {
				l.reconnects.Inc()
			}
			since := time.Now()
			err = l.serve(ctx, conn)
			if time.Since(since) > steady {
				wait.Reset()
			}
		}
		if ctx.Err() != nil {
			return
		}
		l.condition.failed(ctx, err)
		if !pause.For(ctx, wait.NextBackOff()) {
			return
		}
	}
}

// dial connects and logs in.
func (l *link) dial(ctx context.Context) (*amqp.Connection, error) {
	uri := l.endpoint.uri
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(l.name)
	address := net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port))
	conn, err := amqp.DialConfig(uri.Scheme+"://"+address, amqp.Config{
		SASL:            []amqp.Authentication{&amqp.PlainAuth{Username: uri.Username, Password: uri.Password}},
		Vhost:           uri.Vhost,
		Heartbeat:       heartbeat,
		TLSClientConfig: l.endpoint.tls.Clone(),
		Properties:      properties,
		Dial: func(network, address string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: handshake}
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return boundedConn{c}, c.SetDeadline(time.Now().Add(handshake))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return conn, nil
}

// boundedConn gives up a write that is stuck: a broker that has stopped reading
// can't be told from one that is gone.
type boundedConn struct{ net.Conn }

func (c boundedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stuck)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// serve offers conn until it ends, and returns why it did; or until ctx ends.
func (l *link) serve(ctx context.Context, conn *amqp.Connection) error {
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	l.set(conn, "")
	l.condition.works(ctx)
	defer l.set(nil, "")
	for {
		select {
		case <-ctx.Done():
			if err := conn.CloseDeadline(time.Now().Add(goodbye)); err != nil {
				l.condition.log.DebugContext(ctx, "close the connection to RabbitMQ", "error", err)
			}
			return ctx.Err()
		case b, ok := <-blocked:
			if ok {
				l.block(ctx, conn, b)
			} else {
				blocked = nil
			}
		case reason := <-closed:
			return because(reason)
		}
	}
}

func (l *link) block(ctx context.Context, conn *amqp.Connection, b amqp.Blocking) {
	if b.Active {
		l.condition.log.WarnContext(ctx, "RabbitMQ takes no messages", "reason", b.Reason)
		l.set(conn, b.Reason)
		return
	}
	l.condition.log.InfoContext(ctx, "RabbitMQ takes messages again")
	l.set(conn, "")
}

func (l *link) set(conn *amqp.Connection, blocked string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.blocked = conn, blocked
	close(l.changed)
	l.changed = make(chan struct{})
}

// state returns the connection, nil if it is away, why it takes no messages, ""
// if it does, and what is closed when either changes.
func (l *link) state() (conn *amqp.Connection, blocked string, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn, l.blocked, l.changed
}

// await waits for a connection other than the ended one before.
func (l *link) await(ctx context.Context) (*amqp.Connection, error) {
	for {
		conn, _, changed := l.state()
		if conn != nil && !conn.IsClosed() {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// keep calls serve with a channel on which the topology has just been declared,
// and again when it returns, for ever, until ctx ends.
func (l *link) keep(ctx context.Context, n names, c *condition, serve func(context.Context, *amqp.Channel) error) {
	wait := newBackOff()
	for {
		conn, err := l.await(ctx)
		if err != nil {
			return
		}
		since := time.Now()
		err = l.session(ctx, conn, n, serve)
		if ctx.Err() != nil {
			return
		}
		if conn.IsClosed() {
			c.begins(err) // The link tells the log.
		} else {
			c.failed(ctx, err)
		}
		if time.Since(since) > steady {
			wait.Reset()
		}
		if !pause.For(ctx, wait.NextBackOff()) {
			return
		}
	}
}

// session is one turn of keep.
func (l *link) session(ctx context.Context, conn *amqp.Connection, n names, serve func(context.Context, *amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	defer l.end(ctx, ch)
	if err := n.declare(ch); err != nil {
		return err
	}
	return serve(ctx, ch)
}

// end closes a channel, which settles what was sent on it. A broker that does not
// answer is not waited for.
func (l *link) end(ctx context.Context, ch *amqp.Channel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := within(ctx, ch.Close); err != nil {
		l.condition.log.DebugContext(ctx, "close a channel to RabbitMQ", "error", err)
	}
}

// within returns what call does, or the error of ctx when that ends first: the
// client's calls take no context, and end at the latest with the connection.
func within(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// because returns why a connection or channel has ended, as the client tells it.
func because(reason *amqp.Error) error {
	if reason == nil {
		return errEnded
	}
	return fmt.Errorf("%w: %w", errEnded, reason)
}

func newBackOff() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = 50*time.Millisecond, 4*time.Second, 2, .25
	b.Reset()
	return b
}
