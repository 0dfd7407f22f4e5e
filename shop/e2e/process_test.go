package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// binary is the shop's command, built once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "shop-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "shop")
	out, err := exec.Command("go", "build", "-race", "-o", path, "shop/shop").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// shop runs the command with arguments to its end.
func shop(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Dir = t.TempDir()
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), bad.String()
}

// process is a shop in a process of its own.
type process struct {
	running
	cmd      *exec.Cmd
	out      *testkit.Buffer
	basePort int
}

// spawn starts the command on dir and waits until it answers.
func spawn(t *testing.T, dir string, basePort int, environ ...string) *process {
	t.Helper()
	return spawnOn(t, nil, dir, basePort, environ...)
}

// spawnOn is spawn with more flags.
func spawnOn(t *testing.T, flags []string, dir string, basePort int, environ ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{basePort: basePort, out: &testkit.Buffer{}}
	p.cmd = exec.Command(path, append([]string{"--data", dir, "--base-port", strconv.Itoa(basePort)}, flags...)...)
	p.cmd.Env = append(os.Environ(), append([]string{"BCRYPT_COST=4"}, environ...)...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	p.Shop = rest.At("127.0.0.1", basePort)
	p.Admin = operator.At("127.0.0.1", basePort+1000)
	testkit.Eventually(t, patience, func() error {
		a, err := p.Notification.Get(context.Background(), "/readyz")
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("answered %d", a.Status)
		}
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, p.out.String())
		}
		return err
	}, "the shop answers")
	return p
}

// kill ends the process without a word, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// interrupt is Ctrl-C; it returns the exit code.
func (p *process) interrupt(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatalf("did not stop within %s\n%s", patience, p.out.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// freeBase returns a port that is free with the three above it and the four
// admin ports.
func freeBase(t *testing.T) int {
	t.Helper()
	for base := 31001 + os.Getpid()%1000*10; base < 60000; base += 10 {
		if allFree(base) && allFree(base+1000) {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

func allFree(base int) bool {
	for n := range 4 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+n)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
