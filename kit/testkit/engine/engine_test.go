//go:build linux

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

func started(t *testing.T, k kind, o engine.Options) *engine.Server {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := k.start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func members(t *testing.T, s *engine.Server) []engine.Member {
	t.Helper()
	list, err := s.Members()
	must(t, err)
	if len(list) == 0 {
		t.Fatal("no process runs")
	}
	return list
}

// gone is nil when none of these processes runs and nobody listens at addr.
func gone(addr string, list []engine.Member) error {
	for _, m := range list {
		if m.Lives() {
			return fmt.Errorf("process %d still runs", m.Pid())
		}
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		return fmt.Errorf("somebody listens at %s", addr)
	}
	return nil
}

func kept(t *testing.T, k kind, s *engine.Server) {
	t.Helper()
	if got, err := k.get(t.Context(), s.URL()); err != nil || got != "a value" {
		t.Errorf("got %q, %v; want what was put", got, err)
	}
}

// TestTheLifeOfAnEngine goes on with one engine from step to step, since
// RabbitMQ needs seconds to start.
func TestTheLifeOfAnEngine(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		dir := t.TempDir()
		s := started(t, k, engine.Options{Dir: dir})
		addr, url := s.Addr(), s.URL()
		if err := s.Start(t.Context()); err == nil {
			t.Error("an engine that runs was started once more")
		}
		onlyHere(t, s)
		onlyWithPassword(t, k, s, dir)
		must(t, k.put(t.Context(), url, "a value"))
		if k.flushed != nil {
			testkit.Eventually(t, time.Minute, func() bool { return k.flushed(dir) }, "it on disk")
		}

		list := members(t, s)
		must(t, s.Kill())
		must(t, gone(addr, list))
		must(t, s.Kill()) // Nothing to do.
		must(t, s.Start(t.Context()))
		kept(t, k, s)
		if s.Addr() != addr || s.URL() != url {
			t.Errorf("moved from %s to %s", addr, s.Addr())
		}

		hangs(t, k, s)
		kept(t, k, s)

		must(t, s.Pause())
		list = members(t, s)
		must(t, s.Stop(t.Context())) // In order, also a paused one.
		must(t, gone(addr, list))
		must(t, s.Stop(t.Context())) // Nothing to do.

		log := &testkit.Buffer{}
		next := started(t, k, engine.Options{Dir: dir, Log: log, Fast: true})
		kept(t, k, next)
		list = members(t, next)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := next.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a stop without time: %v", err)
		}
		must(t, gone(next.Addr(), list))
		if log.String() == "" {
			t.Error("nothing was logged")
		}
	})
}

// hangs pauses s, finds that it hangs, and lets it go on.
func hangs(t *testing.T, k kind, s *engine.Server) {
	t.Helper()
	must(t, s.Resume()) // Nothing to do.
	must(t, s.Pause())
	must(t, s.Pause()) // Nothing to do.
	for _, m := range members(t, s) {
		if !m.Stopped() {
			t.Errorf("process %d is not paused", m.Pid())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := k.get(ctx, s.URL()); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a paused engine answered: %v", err)
	}
	must(t, s.Resume())
}

// onlyHere checks that s listens on loopback only.
func onlyHere(t *testing.T, s *engine.Server) {
	t.Helper()
	listening := 0
	for _, m := range members(t, s) {
		for _, addr := range listeners(t, m.Pid()) {
			listening++
			if !net.ParseIP(addr).IsLoopback() {
				t.Errorf("process %d listens at %s", m.Pid(), addr)
			}
		}
	}
	if listening == 0 {
		t.Error("nobody listens")
	}
}

func onlyWithPassword(t *testing.T, k kind, s *engine.Server, dir string) {
	t.Helper()
	file := filepath.Join(dir, "password")
	text, err := os.ReadFile(file)
	must(t, err)
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the password's mode is %v, want 0600", info.Mode())
	}
	password := strings.TrimSpace(string(text))
	if err := k.put(t.Context(), strings.Replace(s.URL(), password, "guess", 1), "a value"); err == nil {
		t.Error("a wrong password is good enough")
	}
	for _, m := range members(t, s) {
		// Empty when the process has ended meanwhile.
		if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", m.Pid())); bytes.Contains(line, text[:len(password)]) {
			t.Error("the password is in the arguments of a process")
		}
	}
}

func TestAGivenPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	each(t, func(t *testing.T, k kind) {
		dir := t.TempDir()
		_, err := k.start(t.Context(), engine.Options{Dir: dir, Port: taken.Addr().(*net.TCPAddr).Port, Fast: true})
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "log")) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line that names the log", err)
		}
	})
}

func TestWithoutADirectory(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		if _, err := k.start(t.Context(), engine.Options{}); err == nil {
			t.Error("started nowhere")
		}
	})
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, debianPackage := range map[string]string{"Redis": "redis-server", "RabbitMQ": "rabbitmq-server"} {
		_, err := kinds[name].start(t.Context(), engine.Options{Dir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), "apt-get install "+debianPackage) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with the package", name, err)
		}
	}
}
