//go:build linux || darwin

package pods

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"shop/mesh/identity"
	"shop/shop/control"
)

// In turns a slow service is stopped and goes on: a call takes longer by up to one
// stop, and its probes still pass.
const (
	slowStop = 160 * time.Millisecond
	slowGo   = 20 * time.Millisecond
)

// Slow makes a service slow, without a word from it.
func (s *Shop) Slow(service string) control.Begin {
	return func(context.Context) (func(context.Context) error, error) {
		process, err := s.process(service, "serve")
		if err != nil {
			return nil, err
		}
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- inTurns(process, stop) }()
		return func(context.Context) error {
			close(stop)
			return <-ended
		}, nil
	}
}

// inTurns stops a process and lets it go on, again and again, until stop is
// closed; then it goes on.
func inTurns(process int, stop <-chan struct{}) error {
	for {
		for _, turn := range []struct {
			signal syscall.Signal
			lasts  time.Duration
		}{{syscall.SIGSTOP, slowStop}, {syscall.SIGCONT, slowGo}} {
			if err := syscall.Kill(process, turn.signal); err != nil {
				return fmt.Errorf("%s to process %d: %w", turn.signal, process, err)
			}
			select {
			case <-stop:
				return syscall.Kill(process, syscall.SIGCONT)
			case <-time.After(turn.lasts):
			}
		}
	}
}

// KillSidecar kills the Envoy of a workload, as the kernel does when memory runs
// out. Its pod ends with it and stays away until it is healed.
func (s *Shop) KillSidecar(workload string) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		process, err := s.process(workload, filepath.Base(s.o.Envoy))
		if err != nil {
			return nil, err
		}
		away := s.mayEnd(workload)
		if err := syscall.Kill(process, syscall.SIGKILL); err != nil {
			s.mustRun(workload)
			return nil, err
		}
		select {
		case <-away:
		case <-ctx.Done(): // It ends all the same.
		}
		return func(ctx context.Context) error { return s.again(ctx, workload) }, nil
	}
}

// Unready lets the sidecar of a service say that its replica can't serve.
func (s *Shop) Unready(service string) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		if err := s.tellEnvoy(ctx, service, "/healthcheck/fail"); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error { return s.tellEnvoy(ctx, service, "/healthcheck/ok") }, nil
	}
}

// tellEnvoy posts to the own interface of a workload's Envoy.
func (s *Shop) tellEnvoy(ctx context.Context, workload, path string) error {
	network, address := "tcp", s.places[workload].Admin
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://envoy"+path, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return fmt.Errorf("the Envoy of %s: %w", workload, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the Envoy of %s answers %s to %s", workload, answer.Status, path)
	}
	return nil
}

// breakAgain is how often it is seen to that a broken certificate stays broken:
// the authority makes damaged ones anew.
const breakAgain = 200 * time.Millisecond

// BreakCertificate lets a rotation of a workload go wrong: its key is not its
// certificate's.
func (s *Shop) BreakCertificate(workload, other string) control.Begin {
	return func(context.Context) (func(context.Context) error, error) {
		dir := s.places[workload].Certs
		good, err := identity.Read(dir)
		if err != nil {
			return nil, err
		}
		foreign, err := identity.Read(s.places[other].Certs)
		if err != nil {
			return nil, err
		}
		write := func(f identity.Files) error { return identity.Write(dir, f, identity.Owner{}, time.Now()) }
		broken := good
		broken.Key = foreign.Key
		if err := write(broken); err != nil {
			return nil, errors.Join(err, write(good))
		}
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- keep(stop, func() error { return stillBroken(dir, broken, write) }) }()
		return func(context.Context) error {
			close(stop)
			return errors.Join(<-ended, write(good))
		}, nil
	}
}

func stillBroken(dir string, broken identity.Files, write func(identity.Files) error) error {
	now, err := identity.Read(dir)
	if err == nil && !now.Equal(broken) {
		err = write(broken)
	}
	return err
}

// keep calls do again and again until stop is closed, or do fails.
func keep(stop <-chan struct{}, do func() error) error {
	again := time.NewTicker(breakAgain)
	defer again.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-again.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}
