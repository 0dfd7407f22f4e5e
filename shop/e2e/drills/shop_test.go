//go:build linux

// Package drills holds the drills on a whole shop: each service behind its Envoy,
// on engines of its own, looked at by a real Prometheus and a real Jaeger.
package drills

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/shop/observe"
	"shop/shop/operator"
)

// patience is how long anything beside the rules may take; nothing takes that long
// where all is well.
const patience = 3 * time.Minute

// factor is what all times of the rules are divided by: an hour is six minutes.
const factor = 10

// program builds the command, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "shop-drills-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "shop")
	cmd := exec.Command("go", "build", "-o", path, "shop/shop")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// command returns the shop's command with arguments, which prints to out.
func command(t *testing.T, out *testkit.Buffer, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Dir = append(os.Environ(), "BCRYPT_COST=4"), t.TempDir()
	cmd.Stdout, cmd.Stderr = out, out
	return cmd
}

// start starts a shop and returns its data directory and its base port, once it is
// ready.
func start(t *testing.T) (dir string, base int) {
	t.Helper()
	dir, base = t.TempDir(), testkit.Ports(t, operator.PortDistance, observe.PortDistance)
	envoy, err := engine.EnvoyPath()
	if err != nil {
		t.Fatal(err)
	}
	jaeger, err := engine.JaegerPath()
	if err != nil {
		t.Fatal(err)
	}
	out := &testkit.Buffer{}
	cmd := command(t, out, "--mesh", "--engines", "--observe", "--observe-scale", strconv.Itoa(factor), "--data", dir, "--base-port", strconv.Itoa(base))
	cmd.Env = append(cmd.Env, "ENVOY="+envoy, "JAEGER="+jaeger)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // The exit code is in ProcessState.
		close(exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Error("the shop did not stop")
		}
		if t.Failed() {
			t.Logf("the shop said:\n%s", out.String())
		}
	})
	testkit.Eventually(t, patience, func() bool {
		select {
		case <-exited:
			t.Fatalf("the shop ended\n%s", out.String())
		default:
		}
		return strings.Contains(out.String(), "is ready")
	}, "the shop is ready")
	return dir, base
}
