package sqldbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // Creates and drops the databases of tests.

	"shop/kit/sqldb"
	"shop/kit/testkit"
)

// Engine makes fresh, empty databases of one kind.
type Engine struct {
	Dialect sqldb.Dialect
	fresh   func(t testing.TB) (url string)
}

// URL returns the URL of a fresh, empty database, which is removed when the test
// ends; each call makes another one.
func (e Engine) URL(t testing.TB) string {
	t.Helper()
	return e.fresh(t)
}

// Open returns a fresh, empty database, closed and removed when the test ends.
func (e Engine) Open(t testing.TB) *sqldb.DB {
	t.Helper()
	return OpenURL(t, e.fresh(t), nil)
}

// Engines returns SQLite and Postgres. The server of Postgres is testkit's: given
// by the environment, or a private one that ends with the test process.
func Engines() []Engine {
	return []Engine{
		{Dialect: sqldb.SQLite, fresh: func(t testing.TB) string {
			return FileURL(filepath.Join(t.TempDir(), "test.db"))
		}},
		{Dialect: sqldb.Postgres, fresh: func(t testing.TB) string {
			return postgresDatabase(t, testkit.Postgres(t))
		}},
	}
}

// Each runs f as a subtest on every engine.
func Each(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range Engines() {
		t.Run(e.Dialect.String(), func(t *testing.T) { f(t, e) })
	}
}

// postgresDatabase creates a database on server, dropped when the test ends.
func postgresDatabase(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", testkit.PostgresURL)
	}
	admin, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return strings.Replace(u.String(), "postgres://", "postgresql://", 1)
}
