package sqldb

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/lib/pq"
)

// dialer opens the sockets under lib/pq.
type dialer struct {
	net.Dialer
	patience time.Duration // See socket.
}

var (
	_ pq.Dialer        = dialer{}
	_ pq.DialerContext = dialer{}
)

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	d.Timeout = timeout
	return d.Dial(network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // It is lib/pq that asks.
	}
	return &socket{Conn: conn, patience: d.patience}, nil
}

// socket is a connection to PostgreSQL. It does three things that lib/pq leaves
// to it:
//
// A server that hangs, or a network that swallows what is sent, ends a read after
// patience (0: never); the end of a context only asks the server to stop.
//
// A connection that was closed while it was idle refuses to write. lib/pq then
// says that nothing was sent, and database/sql takes another connection.
//
// A connection that breaks while an answer is awaited is an error of the network.
// lib/pq takes a bare io.EOF for the case above, and database/sql would carry out
// a second time what may have been carried out already.
type socket struct {
	net.Conn
	patience time.Duration
	until    time.Time // What lib/pq sets while it connects; zero afterwards.
}

// SetDeadline implements net.Conn.
func (s *socket) SetDeadline(t time.Time) error {
	s.until = t
	return s.Conn.SetDeadline(t)
}

func (s *socket) Read(b []byte) (int, error) {
	if s.until.IsZero() && s.patience > 0 {
		if err := s.SetReadDeadline(time.Now().Add(s.patience)); err != nil {
			return 0, err
		}
	}
	n, err := s.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = s.broken("read", io.ErrUnexpectedEOF)
	}
	return n, err
}

func (s *socket) Write(b []byte) (int, error) {
	if s.until.IsZero() && closed(s.Conn) {
		return 0, s.broken("write", net.ErrClosed)
	}
	return s.Conn.Write(b)
}

func (s *socket) broken(op string, err error) error {
	return &net.OpError{Op: op, Net: s.RemoteAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}
