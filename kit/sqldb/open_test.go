package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

func TestURLsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ url, want string }{
		"empty":               {"", "begins with sqlite:/// or postgresql://"},
		"a path":              {"./shop.db", "begins with sqlite:/// or postgresql://"},
		"another engine":      {"mysql://u:secret@h/db", `unknown database engine "mysql"`},
		"in memory":           {"sqlite://", "in-memory"},
		"in memory, by name":  {"sqlite://:memory:", "in-memory"},
		"in memory, as path":  {"sqlite:///:memory:", "in-memory"},
		"two slashes":         {"sqlite://shop.db", "three slashes before a relative path"},
		"options":             {"sqlite:///shop.db?mode=ro", "without options"},
		"no database":         {"postgresql://u:secret@h:5432", "names no database"},
		"a bad port":          {"postgresql://u:secret@h:port/db", "malformed"},
		"a raw slash, secret": {"postgresql://u:sec/ret@h:5432/db", "malformed"},
		"an unknown sslmode":  {"postgresql://u:secret@h/db?sslmode=maybe", "sslmode"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqldb.Open(t.Context(), tc.url, sqldb.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if !strings.Contains(text, tc.want) {
				t.Errorf("got %q, want it to contain %q", text, tc.want)
			}
			if strings.Contains(text, "secret") || strings.Contains(text, "sec/ret") {
				t.Errorf("%q shows the password", text)
			}
			oneLine(t, err)
		})
	}
}

func TestAServerThatIsAway(t *testing.T) {
	_, err := sqldb.Open(t.Context(), "postgresql://ann:secret@127.0.0.1:1/shop", sqldb.Options{})
	if err == nil || !strings.Contains(err.Error(), "shop at 127.0.0.1:1") || strings.Contains(err.Error(), "secret") {
		t.Fatalf("got %v", err)
	}
	oneLine(t, err)
}

func TestRelativeAndAbsolutePaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for url, want := range map[string]string{
		"sqlite:///./data/relative.db":                    "data/relative.db",
		"sqlite:///plain name #1%41.db":                   "plain name #1%41.db",
		"sqlite+pysqlite:///driver.db":                    "driver.db",
		"sqlite:///" + filepath.Join(dir, "absolute.db"):  "absolute.db",
		"SQLite:///" + filepath.Join(dir, "deep/er/a.db"): "deep/er/a.db",
	} {
		t.Run(want, func(t *testing.T) {
			db := sqldbtest.OpenURL(t, url, nil)
			must(t, db.Ping(t.Context()))
			info, err := os.Stat(filepath.Join(dir, want))
			must(t, err)
			if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("the file's mode is %o, want 600: it holds password hashes", got)
			}
		})
	}
}

// oneLine checks that an operator reads one line.
func oneLine(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has several lines", err)
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	readOnly := filepath.Join(dir, "readonly")
	must(t, os.Mkdir(readOnly, 0o500))
	if os.Geteuid() == 0 { // Whom modes don't stop, but the kernel's own file system does.
		readOnly = "/proc"
	}
	for name, tc := range map[string]struct{ path, want string }{
		"a file as directory":   {filepath.Join(file("plain", ""), "shop.db"), "directory"},
		"a directory as file":   {dir, "cannot be written"},
		"a read-only directory": {filepath.Join(readOnly, "shop.db"), "cannot be written"},
		"some text":             {file("text.db", strings.Repeat("this is no database ", 100)), "not a SQLite database"},
		"a torn database":       {file("torn.db", "SQLite format 3\x00"+strings.Repeat("\xff", 4096)), "torn.db"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqldb.Open(t.Context(), sqldbtest.FileURL(tc.path), sqldb.Options{})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "open database: ") {
				t.Fatalf("got %v, want it to contain %q", err, tc.want)
			}
			oneLine(t, err)
		})
	}
}

func TestADamagedPageIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	func() {
		db, err := sqldb.Open(t.Context(), sqldbtest.FileURL(path), sqldb.Options{})
		must(t, err)
		defer db.Close()
		sqldbtest.Migrate(t, db, migrations())
		for i := range 500 {
			must(t, items().Create(t.Context(), db, &item{Name: fmt.Sprint("item ", i)}))
		}
	}()
	content, err := os.ReadFile(path)
	must(t, err)
	for i := 4096; i < len(content); i++ { // All but the first page, which holds the schema.
		content[i] = 0xa5
	}
	must(t, os.WriteFile(path, content, 0o600))

	db := sqldbtest.OpenURL(t, sqldbtest.FileURL(path), nil)
	_, err = items().List(t.Context(), db, sqldb.Query{})
	if !errors.Is(err, sqldb.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

func TestManyOpenOneNewFile(t *testing.T) {
	url := sqldbtest.FileURL(filepath.Join(t.TempDir(), "shop.db"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			db, err := sqldb.Open(t.Context(), url, sqldb.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sqldb.Open(ctx, sqldbtest.FileURL(filepath.Join(t.TempDir(), "shop.db")), sqldb.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestSQLiteSettings(t *testing.T) {
	db := sqldbtest.Open(t, migrations())
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
	} {
		var got string
		must(t, db.Get(t.Context(), &got, "PRAGMA "+pragma))
		if got != want {
			t.Errorf("%s is %s on the writer, want %s", pragma, got, want)
		}
	}
	for query, want := range map[string]string{
		"SELECT journal_mode FROM pragma_journal_mode": "wal", "SELECT foreign_keys FROM pragma_foreign_keys": "1",
		"SELECT query_only FROM pragma_query_only": "1", "SELECT timeout FROM pragma_busy_timeout": "5000",
	} {
		var got string
		must(t, db.Get(t.Context(), &got, query))
		if got != want {
			t.Errorf("%s is %s on a reader, want %s", query, got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		details, err := db.Health(t.Context())
		must(t, err)
		if details["engine"] != db.Dialect().String() || details["latency_ms"].(float64) <= 0 {
			t.Errorf("got %v", details)
		}
		must(t, db.Close())
		must(t, db.Close()) // Closing twice is closing once.
		if err := db.Ping(t.Context()); err == nil {
			t.Error("a closed database answers")
		}
	})
}
