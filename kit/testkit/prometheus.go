package testkit

import (
	"os"
	"path/filepath"
	"testing"

	"shop/kit/testkit/engine"
	"shop/kit/testkit/promapi"
)

// Prometheus starts a Prometheus with this configuration, whose rule files are
// named by absolute paths, and returns a client of it. It ends with the test.
func Prometheus(t testing.TB, config string) *promapi.Client {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := engine.StartPrometheus(t.Context(), engine.Options{Dir: dir}, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil { // Its files are removed anyway.
			t.Error(err)
		}
	})
	return promapi.New(s.URL())
}
