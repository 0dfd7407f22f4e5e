//go:build compose

package compose_test

import (
	"net/http"
	"strings"
	"testing"

	"shop/shop/rest"
)

// TestTheOldSystemMovesIn goes the way of docs/operations.md with the commands that
// stand there: dumps of the databases of the FastAPI system become this shop's.
func TestTheOldSystemMovesIn(t *testing.T) {
	p := newProject(t)
	p.compose(t, "build")
	p.up(t, "postgres-user", "postgres-product", "postgres-order")
	rows := map[string]string{}
	for service, table := range map[string]string{"user": "users", "product": "products", "order": "orders"} {
		server, database := "postgres-"+service, service+"_service_db"
		inside := func(input string, args ...string) string {
			return p.feed(t, input, "docker", append([]string{"compose", "exec", "-T", server}, args...)...)
		}
		inside("", "createdb", "-U", "postgres", "old")
		inside(read(t, service+"/testdata/old.sql"), "psql", "-U", "postgres", "-d", "old", "-q", "-v", "ON_ERROR_STOP=1")
		rows[service] = strings.TrimSpace(inside("", "psql", "-U", "postgres", "-d", "old", "-tAc", "SELECT count(*) FROM "+table))
		dump := inside("", "pg_dump", "-U", "postgres", "-Fc", "old")
		inside("", "dropdb", "-U", "postgres", "old")

		inside(dump, "pg_restore", "-U", "postgres", "-d", database, "--no-owner", "--role="+service+"_service")
		t.Log(tail(p.compose(t, "run", "--rm", "--no-deps", "-T", "--entrypoint", "/service", service, "migrate", "adopt"), 1))
		if got := p.sql(t, service, "SELECT count(*) FROM "+table); len(got) != 1 || got[0] != rows[service] || got[0] == "0" {
			t.Errorf("%s %s are %v", rows[service], table, got)
		}
	}
	p.up(t)
	// Somebody of the old system, by the password of user/testdata/old.sql.
	shop := p.clients()
	session, err := shop.Login(t.Context(), "anna", "9IeRXmnGxMYbs")
	if err != nil {
		t.Fatal(err)
	}
	var me rest.Account
	asked(t, http.StatusOK, &me)(shop.User.As(session.AccessToken).Get(t.Context(), "/users/me"))
	if me.ID != 2 {
		t.Errorf("anna is number %d, and was 2", me.ID)
	}
	walks(t, p)
}
