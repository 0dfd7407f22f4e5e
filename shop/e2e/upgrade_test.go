package e2e

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shop/kit/sqldb"
	"shop/kit/testkit"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/shop/demo"
	"shop/shop/load"
	"shop/shop/operator"
	"shop/user"
)

// TestTheProgramBeforeWorksOnTheNextSchema is what an upgrade without downtime
// stands on. The next version's migrations add columns to every table there is, and
// an index, under load: no request fails, and the program before starts on what they
// leave, as it has to when a replica dies in the middle of the upgrade or when the
// upgrade is taken back. What can't be borne any more it refuses in one line.
func TestTheProgramBeforeWorksOnTheNextSchema(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		upgraded(t, dir, nil, func(service string) string { return "sqlite:///" + filepath.Join(dir, service+".db") })
	})
	t.Run("postgres", func(t *testing.T) {
		server, flags := postgresOf(t)
		upgraded(t, t.TempDir(), flags, func(service string) string {
			to, err := url.Parse(server)
			if err != nil {
				t.Fatal(err)
			}
			to.Path = "/" + service + "_service_db"
			return to.String()
		})
	})
}

// upgraded does it on a shop with these flags, whose databases are at these URLs.
func upgraded(t *testing.T, dir string, flags []string, database func(service string) string) {
	port := testkit.Ports(t, operator.PortDistance)
	before := spawnProgram(t, plain, flags, dir, port)
	schemas := map[string]fs.FS{
		"user": user.Spec().Migrations, "product": product.Spec().Migrations,
		"order": order.Spec().Migrations, "notification": notification.Spec().Migrations,
	}
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	type outcome struct {
		load.Report
		err error
	}
	loaded := make(chan outcome, 1)
	go func() {
		r, err := load.Run(ctx, load.Options{Shop: before.Shop, Rate: 100, Timeout: 30 * time.Second, Buyers: 2, Products: 3, Progress: io.Discard})
		loaded <- outcome{r, err}
	}()
	placed := func() {
		t.Helper()
		seen := orders(t, before)
		testkit.Eventually(t, patience, func() error {
			if n := orders(t, before); n < seen+20 {
				return fmt.Errorf("%d orders after %d", n, seen)
			}
			return nil
		}, "the load orders")
	}
	placed()
	for service, files := range schemas {
		migrateTo(t, database(service), files, 1, func(db *sqldb.DB) string {
			var up strings.Builder
			for _, table := range tables(t, db) {
				fmt.Fprintf(&up, "ALTER TABLE %s ADD COLUMN next_text TEXT;\nALTER TABLE %s ADD COLUMN next_number INTEGER NOT NULL DEFAULT 7;\n", table, table)
				fmt.Fprintf(&up, "CREATE INDEX %s_next ON %s (next_number);\n", table, table)
			}
			return up.String()
		})
	}
	placed()
	enough()
	report := <-loaded
	var text strings.Builder
	report.Print(&text)
	if report.err != nil || report.Failed > 0 || report.Repeated > 0 || report.OrdersPlaced == 0 {
		t.Errorf("while the schema changed (%v):\n%s", report.err, text.String())
	}
	t.Log(text.String())

	if code := before.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, before.out.String())
	}
	again := spawnProgram(t, plain, flags, dir, port)
	if err := demo.Run(t.Context(), io.Discard, again.Shop); err != nil {
		t.Errorf("the program before, started on the next schema: %v", err)
	}
	if code := again.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, again.out.String())
	}

	migrateTo(t, database("order"), schemas["order"], 2, func(*sqldb.DB) string {
		return "CREATE TABLE " + sqldb.Floor + " (version BIGINT NOT NULL);\nINSERT INTO " + sqldb.Floor + " (version) VALUES (99);\n" +
			"ALTER TABLE orders DROP COLUMN next_text;\n"
	})
	code, _, said := shop(t, nil, append([]string{"--data", dir, "--base-port", strconv.Itoa(port)}, flags...)...)
	if code != 1 || !strings.Contains(said, "order: the database is newer than this program") {
		t.Errorf("on a schema that it can't work with: exit code %d, %s", code, said)
	}
}

// orders returns how many orders have been placed, by the number of a new one.
func orders(t *testing.T, p *process) int64 {
	t.Helper()
	name := "counter" + strconv.FormatInt(time.Now().UnixNano(), 36)
	session := p.buyer(t, name)
	return p.placed(t, session.AccessToken, p.stocked(t, session.AccessToken, 1).ID, 1).ID
}

// migrateTo does what a program does at its start that has one more migration than
// this one, or two.
func migrateTo(t *testing.T, database string, files fs.FS, more int64, up func(db *sqldb.DB) string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), database, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	next := fstest.MapFS{}
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		next[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := sqldb.NewMigrator(db, next)
	if err != nil {
		t.Fatal(err)
	}
	latest := m.Latest()
	for n := range more { // Those between are of versions before.
		statements := "SELECT 1;\n"
		if n == more-1 {
			statements = up(db)
		}
		next[fmt.Sprintf("%s/%05d_next.sql", db.Dialect().Folder(), latest+n+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements)}
	}
	if m, err = sqldb.NewMigrator(db, next); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// tables returns those of a service's schema.
func tables(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%fts%' AND name <> 'goose_db_version'`
	if db.Dialect() == sqldb.Postgres {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`
	}
	var names []string
	if err := db.Select(t.Context(), &names, query); err != nil {
		t.Fatal(err)
	}
	if len(names) < 2 {
		t.Fatalf("found tables %v", names)
	}
	return names
}
