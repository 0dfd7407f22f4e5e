package smtp

import (
	"context"
	"crypto/tls"
	"net"
)

// line is the connection of one message. It is cut when the message's time is
// over: the library only knows a time limit for each step of the conversation.
type line struct {
	message    context.Context // Of the one call that sends the message.
	implicit   bool            // Encrypted from the first byte.
	protection *tls.Config
	conn       net.Conn
	unwatch    func() bool
}

// cut ends the connection, if there is one.
func (l *line) cut() {
	if l.conn != nil {
		l.unwatch()
		_ = l.conn.Close() // Closed already after a good conversation.
	}
}

// dial connects as the library asks it to.
func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.conn = conn
	// The conversation sees it at its next step.
	l.unwatch = context.AfterFunc(l.message, func() { _ = conn.Close() }) //nolint:contextcheck // Not ctx: that one ends with the dialling.
	if !l.implicit {
		return conn, nil
	}
	secured := tls.Client(conn, l.protection)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}
