// Package engine starts real PostgreSQL, Redis and RabbitMQ servers, and the
// Prometheus and Jaeger that look at them, as private child processes, for tests and for trying the shop on the engines that people
// run in production.
//
// An engine listens on loopback only, asks for a password that is made once, and
// keeps everything it writes in one directory. It ends with the process that
// started it, also when that is killed. It runs on Linux; elsewhere the Start
// functions return an error.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"shop/kit/port"
)

const (
	host      = "127.0.0.1"
	poll      = 10 * time.Millisecond // How often a starting engine is asked.
	askTime   = 5 * time.Second       // How long one answer may take.
	startTime = 2 * time.Minute       // How long a start may take, on a machine that is busy.
	starts    = 5                     // How many ports are tried when they are taken.
)

// Options say where an engine lives.
type Options struct {
	Dir  string    // The engine's files; made when missing, kept by Stop. Required.
	Port int       // 0 = a free one, kept for the life of the Server.
	Log  io.Writer // What the engine prints; nil = the file log in Dir.
	// Fast lets PostgreSQL answer before the disk has the data. A killed process
	// loses nothing by that, only a power cut does.
	Fast bool
	// Metrics lets RabbitMQ tell its figures at MetricsAddr, by its plugin
	// rabbitmq_prometheus. The other engines have exporters.
	Metrics bool
}

// Server is a running engine. Its methods may be called at any time, by several
// goroutines.
type Server struct {
	design design
	dir    string
	log    io.Writer
	port   int

	mu        sync.Mutex
	processes []*process // The engine itself is the last; none = it does not run.
	paused    *guard     // nil = it is not paused.
}

// design is what differs between engines.
type design struct {
	name     string
	commands func(port int) ([]command, error) // What runs, the engine itself last.
	url      func(port int) string
	metrics  func() int                                  // The port of its figures; nil = it has none.
	ask      func(ctx context.Context, url string) error // nil when the engine answers.
	stop     syscall.Signal                              // Asks the engine to end in order.
}

// command is one process of an engine.
type command struct {
	path    string
	args    []string
	env     []string // Nothing is inherited.
	dir     string
	account *account
	files   []*os.File     // Open as 3, 4, … in the process; closed here once it has started.
	orphan  syscall.Signal // What it gets when this process ends.
}

// open starts the engine d.
func open(ctx context.Context, o Options, d design) (*Server, error) {
	s := &Server{design: d, dir: o.Dir, log: o.Log, port: o.Port}
	if o.Port != 0 {
		return s, s.Start(ctx)
	}
	for attempt := 1; ; attempt++ {
		var err error
		if s.port, err = port.Free(); err != nil {
			return nil, err
		}
		err = s.Start(ctx)
		if err == nil {
			return s, nil
		}
		if attempt == starts || port.IsFree(s.port) {
			return nil, err
		}
	}
}

// prepare makes the directory of o and returns o with its absolute path.
func prepare(o Options) (Options, error) {
	if o.Dir == "" {
		return o, errors.New("an engine needs a directory")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("directory of an engine: %w", err)
	}
	o.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return o, fmt.Errorf("make the directory of an engine: %w", err)
	}
	return o, nil
}

// URL returns where clients reach the engine, with user and password.
func (s *Server) URL() string { return s.design.url(s.port) }

// Addr returns the engine's host:port.
func (s *Server) Addr() string { return net.JoinHostPort(host, strconv.Itoa(s.port)) }

// MetricsAddr returns the host:port with the engine's own /metrics, "" if it has
// none.
func (s *Server) MetricsAddr() string {
	if s.design.metrics == nil {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(s.design.metrics()))
}

// Start starts the engine again after Stop or Kill, on the same port and files,
// and returns when it answers. If it doesn't, nothing of it is left running.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processes != nil {
		return fmt.Errorf("%s runs already", s.design.name)
	}
	if err := s.launch(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", s.design.name, err), s.kill())
	}
	if err := s.await(ctx); err != nil {
		return errors.Join(err, s.kill())
	}
	return nil
}

func (s *Server) launch() error {
	log := s.log
	if log == nil {
		f, err := os.OpenFile(s.logPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		log = f
	}
	commands, err := s.design.commands(s.port)
	if err != nil {
		return err
	}
	for _, c := range commands {
		p, err := start(c, log)
		if err != nil {
			return err
		}
		s.processes = append(s.processes, p)
	}
	return nil
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "log") }

// await returns when the engine answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ended := s.engine().ended
	go func() {
		select {
		case <-ended:
			cancel() // Whoever has the port instead need not answer.
		case <-ctx.Done():
		}
	}()
	again := time.NewTicker(poll)
	defer again.Stop()
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-again.C:
			continue
		}
		select {
		case <-ended:
			return fmt.Errorf("%s ended before it answered (%s)%s", s.design.name, s.engine().how(), s.seeLog())
		default:
			return fmt.Errorf("%s does not answer: %w%s", s.design.name, err, s.seeLog())
		}
	}
}

func (s *Server) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return s.design.ask(ctx, s.URL())
}

func (s *Server) seeLog() string {
	if s.log != nil {
		return ""
	}
	return "; its log is " + s.logPath()
}

func (s *Server) engine() *process { return s.processes[len(s.processes)-1] }

// Stop ends the engine in order and returns when nothing of it runs. When ctx
// ends first, the engine is killed. A stopped engine stays as it is.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processes == nil {
		return nil
	}
	failed := s.resume()
	if err := s.engine().signal(s.design.stop); err != nil {
		failed = errors.Join(failed, err)
	}
	select {
	case <-s.engine().ended:
	case <-ctx.Done():
		failed = errors.Join(failed, fmt.Errorf("%s did not stop and was killed: %w", s.design.name, context.Cause(ctx)))
	}
	return errors.Join(failed, s.kill())
}

// Kill ends every process of the engine at once, as the kernel does when memory
// runs out, and returns when they are gone. What it wrote is kept.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kill()
}

func (s *Server) kill() error {
	if s.processes == nil {
		return nil
	}
	err := kill(s.processes)
	s.processes = nil
	return errors.Join(err, s.unguard())
}

// Pause makes the engine hang: its connections stay open, and nothing is
// answered until Resume.
func (s *Server) Pause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processes == nil || s.paused != nil {
		return nil
	}
	var err error
	s.paused, err = pause(s.processes)
	return err
}

// Resume lets a paused engine go on.
func (s *Server) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resume()
}

func (s *Server) resume() error {
	if s.paused == nil {
		return nil
	}
	return errors.Join(s.paused.resume(), s.unguard())
}

func (s *Server) unguard() error {
	if s.paused == nil {
		return nil
	}
	g := s.paused
	s.paused = nil
	return g.close()
}

// how says how a process has ended.
func (p *process) how() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}
