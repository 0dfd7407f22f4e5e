package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
)

// Server answers on the socket of a shop.
type Server struct {
	about    About
	faults   map[string]Begin
	listener net.Listener
	ctx      context.Context //nolint:containedctx // Ends with the server; no call lasts so long.
	cancel   context.CancelFunc
	busy     sync.Mutex // Held while there is an incident.
	serving  sync.WaitGroup
}

// Listen opens the socket in dir, which nobody else may use and whose owner alone
// reaches it. A socket that a killed shop has left is replaced.
func Listen(ctx context.Context, dir string, about About, faults map[string]Begin) (*Server, error) {
	at := path(dir)
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", at)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w (paths of sockets have about 100 characters at most)", err)
	}
	if err := os.Chmod(at, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	about.Faults = slices.Sorted(maps.Keys(faults))
	s := &Server{about: about, faults: faults, listener: l}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.serving.Go(s.serve)
	return s, nil
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // It was closed.
		}
		s.serving.Go(func() {
			defer conn.Close()
			s.answer(conn)
		})
	}
}

func (s *Server) answer(conn net.Conn) {
	lines, out := json.NewDecoder(conn), json.NewEncoder(conn)
	var r request
	if err := lines.Decode(&r); err != nil {
		return
	}
	// Nobody may be there any more to read an answer.
	if r.Ask != "" {
		_ = out.Encode(s.about)
		return
	}
	// What the client says next, or its end, is the end of the incident; so is the
	// shop's.
	over, cancel := context.WithCancel(s.ctx)
	defer cancel()
	go func() {
		defer cancel()
		var next request
		_ = lines.Decode(&next)
	}()
	if err := s.incident(over, r.Fault, func() { _ = out.Encode(answer{Began: true}) }); err != nil {
		_ = out.Encode(answer{Error: err.Error()})
		return
	}
	_ = out.Encode(answer{Healed: true})
}

// incident makes a fault, and heals it when over ends.
func (s *Server) incident(over context.Context, name string, began func()) error {
	begin, ok := s.faults[name]
	if !ok {
		return fmt.Errorf("this shop can't make the fault %q", name)
	}
	if !s.busy.TryLock() {
		return errors.New("there is an incident already: one drill at a time")
	}
	defer s.busy.Unlock()
	heal, err := begin(over)
	if err != nil {
		return err
	}
	began()
	<-over.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(over), healTime)
	defer cancel()
	return heal(ctx)
}

// Close heals what there is and lets nobody in any more.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close() // Removes the socket too.
	s.serving.Wait()
	return err
}
