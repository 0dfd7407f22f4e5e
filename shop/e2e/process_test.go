package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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

// The shop's command, built once for all tests of this package.
var (
	raced = built("raced", "-race")
	plain = built("plain") // Where fifteen processes have to share a machine.
)

// programs is the directory of what is built.
var programs = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "shop-e2e-") })

// built returns what returns the path of the command built with flags.
func built(name string, flags ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		dir, err := programs()
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, name)
		out, err := exec.Command("go", append(append([]string{"build"}, flags...), "-o", path, "shop/shop")...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build: %w\n%s", err, out)
		}
		return path, nil
	})
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// shop runs the command with arguments to its end.
func shop(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	path, err := raced()
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
	exited   chan struct{}
	out      *testkit.Buffer
	basePort int
	mark     string // In the environment of the process and of all that it starts.
}

// spawn starts the command on dir and waits until it answers.
func spawn(t *testing.T, dir string, basePort int, environ ...string) *process {
	t.Helper()
	return spawnOn(t, nil, dir, basePort, environ...)
}

// spawnOn is spawn with more flags.
func spawnOn(t *testing.T, flags []string, dir string, basePort int, environ ...string) *process {
	t.Helper()
	return spawnProgram(t, raced, flags, dir, basePort, environ...)
}

func spawnProgram(t *testing.T, program func() (string, error), flags []string, dir string, basePort int, environ ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{basePort: basePort, out: &testkit.Buffer{}, mark: "SHOP_E2E=" + rand.Text()}
	p.cmd = exec.Command(path, append([]string{"--data", dir, "--base-port", strconv.Itoa(basePort)}, flags...)...)
	p.cmd.Env = append(os.Environ(), append([]string{"BCRYPT_COST=4", p.mark}, environ...)...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // The exit code is in ProcessState.
		close(exited)
	}()
	p.exited = exited
	t.Cleanup(func() { p.kill() })
	p.Shop = rest.At("127.0.0.1", basePort)
	p.Admin = operator.At("127.0.0.1", basePort+operator.PortDistance)
	testkit.Eventually(t, patience, func() error {
		select {
		case <-exited:
			t.Fatalf("ended with code %d before it answered\n%s", p.cmd.ProcessState.ExitCode(), p.out.String())
		default:
		}
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
	<-p.exited
}

// interrupt is Ctrl-C; it returns the exit code.
func (p *process) interrupt(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	return p.end(t)
}

// end waits for the end of the process and returns its exit code.
func (p *process) end(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("did not end within %s\n%s", patience, p.out.String())
	}
	return p.cmd.ProcessState.ExitCode()
}
