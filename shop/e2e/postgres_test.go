package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"shop/kit/testkit/engine"
)

// postgresOf starts a PostgreSQL for one test alone, whose databases are the test's
// to change and destroy, and returns its URL and the flags of a shop on it.
func postgresOf(t *testing.T) (url string, flags []string) {
	t.Helper()
	server, err := engine.StartPostgres(t.Context(), engine.Options{Dir: filepath.Join(t.TempDir(), "postgres"), Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	return server.URL(), []string{"--postgres", strings.Replace(server.URL(), "/postgres?", "?", 1)}
}
