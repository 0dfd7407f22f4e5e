package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"shop/kit/web"
)

const (
	// bodyTimeout is how long a request may take to arrive. It is below the
	// default of SHUTDOWN_TIMEOUT, so that a slow client can't hold up a stop.
	bodyTimeout = 8 * time.Second
	// silence is how long a new connection may stay without a request while the
	// server stops.
	silence = 200 * time.Millisecond
)

// server is one listener and what answers on it.
type server struct {
	listener net.Listener
	http     *http.Server

	mu   sync.Mutex
	mute map[net.Conn]struct{} // Connections that have sent nothing yet.
}

func newServer(l net.Listener) *server { return &server{listener: l, mute: map[net.Conn]struct{}{}} }

func (s *server) listen(ctx context.Context, address string) (err error) {
	if s.listener == nil {
		s.listener, err = Listen(ctx, address)
	}
	return err
}

func (s *server) url() string {
	if s.listener == nil {
		return ""
	}
	return "http://" + reachable(s.listener.Addr().String())
}

// serve answers with handler until stop; failed is called if that ends by itself.
func (s *server) serve(handler http.Handler, o web.ServerOptions, failed func(error)) {
	s.http = web.Server(handler, o)
	s.http.ConnState = s.track
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serve %s: %w", s.listener.Addr(), err))
		}
	}()
}

func (s *server) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.mute[c] = struct{}{}
	} else {
		delete(s.mute, c)
	}
}

// stop accepts nothing more and waits until every request is answered, or until
// ctx ends; then it cuts off what is left and returns an error.
func (s *server) stop(ctx context.Context) error {
	if s.http == nil {
		return nil
	}
	// http.Server waits 5 s for connections that have not sent a byte; clients and
	// browsers open such ones in advance.
	hangUp := time.AfterFunc(silence, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.mute {
			_ = c.Close()
		}
	})
	defer hangUp.Stop()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), s.http.Close())
	}
	return nil
}

// close frees the address of a server that never served, or cuts off one that
// did.
func (s *server) close() error {
	switch {
	case s.http != nil:
		return s.http.Close()
	case s.listener != nil:
		return s.listener.Close()
	}
	return nil
}

func (i *Instance) closeListeners(context.Context) error {
	return errors.Join(i.public.close(), i.admin.close())
}
