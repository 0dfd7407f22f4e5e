package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/shop/operator"
)

// starter starts a shop on dir until Stop or the end of the test; environ adds to
// its settings. Every request and answer of its clients is held to the services'
// OpenAPI documents.
type starter func(t *testing.T, dir string, environ map[string]string) *running

// inEveryForm runs a test of what clients are promised in each form that a shop
// has.
func inEveryForm(t *testing.T, test func(t *testing.T, start starter)) {
	t.Run("one process", func(t *testing.T) { test(t, start) })
	t.Run("mesh", func(t *testing.T) { test(t, startMesh) })
}

// startMesh is a starter of processes behind sidecars and an edge.
func startMesh(t *testing.T, dir string, environ map[string]string) *running {
	t.Helper()
	settings := []string{"LOG_LEVEL=debug"}
	for name, value := range environ {
		settings = append(settings, name+"="+value)
	}
	p := spawnMesh(t, []string{"--log", "-"}, dir, testkit.Ports(t, operator.PortDistance), settings...)
	p.Log = p.out
	p.Stop = sync.OnceFunc(func() {
		if code := p.interrupt(t); code != 0 {
			t.Errorf("the shop ended with code %d\n%s", code, p.out.String())
		}
	})
	t.Cleanup(p.Stop)
	p.validate(t)
	return &p.running
}

// spawnMesh is spawnOn with --mesh, without the race detector. Its Envoy is that of the other tests.
func spawnMesh(t *testing.T, flags []string, dir string, basePort int, environ ...string) *process {
	t.Helper()
	return spawnProgram(t, plain, append([]string{"--mesh"}, flags...), dir, basePort, append([]string{envoy(t)}, environ...)...)
}

// envoy is the setting that names the Envoy to test with.
func envoy(t *testing.T) string {
	t.Helper()
	path, err := engine.EnvoyPath()
	if err != nil {
		t.Fatal(err)
	}
	return "ENVOY=" + path
}

// logs returns all that has been logged to files in dir.
func logs(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
