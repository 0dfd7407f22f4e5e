package e2e

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shop/kit/testkit"
)

// TestMovingOver is the way of docs/operations.md from the FastAPI system: a dump of
// each old database, loaded as a new owner who is no superuser, and adopted.
func TestMovingOver(t *testing.T) {
	server := testkit.Postgres(t)
	for service, table := range map[string]string{"user": "users", "product": "products", "order": "orders"} {
		t.Run(service, func(t *testing.T) {
			old, fresh, role := "move_old_"+service, "move_"+service+"_db", "move_"+service+"_service"
			admin := query(t, server)
			for _, statement := range []string{
				"CREATE DATABASE " + old,
				"CREATE ROLE " + role + " LOGIN PASSWORD 'of-a-test'",
				"CREATE DATABASE " + fresh + " OWNER " + role,
				"REVOKE ALL ON DATABASE " + fresh + " FROM PUBLIC",
			} {
				execute(t, admin, statement)
			}
			t.Cleanup(func() {
				for _, statement := range []string{"DROP DATABASE " + old + " WITH (FORCE)", "DROP DATABASE " + fresh + " WITH (FORCE)", "DROP ROLE " + role} {
					if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
						t.Error(err)
					}
				}
			})
			from := query(t, at(t, server, old, nil))
			execute(t, from, string(read(t, filepath.Join("../..", service, "testdata", "old.sql"))))

			dump := filepath.Join(t.TempDir(), service+".dump")
			program(t, nil, postgresProgram(t, "pg_dump"), "-Fc", "-f", dump, "-d", at(t, server, old, nil))
			program(t, nil, postgresProgram(t, "pg_restore"), "-d", at(t, server, fresh, nil), "--no-owner", "--role="+role, dump)
			owner := at(t, server, fresh, url.UserPassword(role, "of-a-test"))
			environ := []string{"DATABASE_URL=" + owner, "SECRET_KEY=" + strings.Repeat("of a test", 4)}
			look := program(t, environ, "go", "run", "shop/"+service+"/cmd/"+service, "migrate", "adopt", "--dry-run")
			done := program(t, environ, "go", "run", "shop/"+service+"/cmd/"+service, "migrate", "adopt")
			if look == "" || done == "" {
				t.Errorf("adopt says nothing: %q, %q", look, done)
			}

			var want, got int
			if err := from.QueryRow("SELECT count(*) FROM " + table).Scan(&want); err != nil {
				t.Fatal(err)
			}
			if err := query(t, owner).QueryRow("SELECT count(*) FROM " + table).Scan(&got); err != nil || got != want || want == 0 {
				t.Errorf("%d %s after the move (%v), %d before", got, table, err, want)
			}
		})
	}
}

// at is server's URL with another database, and another user unless nil.
func at(t *testing.T, server, database string, user *url.Userinfo) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	if user != nil {
		u.User = user
	}
	return u.String()
}

func query(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%.100s: %v", statement, err)
	}
}

// program runs one to its end and returns what it says.
func program(t *testing.T, environ []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), environ...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}

// postgresProgram finds one of PostgreSQL's own programs, which Debian keeps away from
// PATH.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	return name
}
