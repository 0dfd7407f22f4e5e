package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

const insertItem = `INSERT INTO items (name, note, price_minor, version, created_at) VALUES (?, ?, ?, 1, 0)`

func TestGetSelectExec(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		var id int64
		must(t, db.Get(ctx, &id, insertItem+` RETURNING id`, "ann's ?", nil, 5))
		if id != 1 {
			t.Errorf("id %d, want 1", id)
		}
		n, err := db.Exec(ctx, insertItem, "ben", "a note", 7)
		if err != nil || n != 1 {
			t.Errorf("affected %d, %v", n, err)
		}
		var names []string
		must(t, db.Select(ctx, &names, `SELECT name FROM items WHERE price_minor > ? ORDER BY id`, 1))
		if fmt.Sprint(names) != "[ann's ? ben]" {
			t.Errorf("got %q", names)
		}
		var row struct {
			Name string  `db:"name"`
			Note *string `db:"note"`
		}
		must(t, db.Get(ctx, &row, `SELECT name, note FROM items WHERE id = ?`, 1))
		if row.Name != "ann's ?" || row.Note != nil {
			t.Errorf("got %+v", row)
		}
		if err := db.Get(ctx, &row, `SELECT name, note FROM items WHERE id = ?`, 9); !errors.Is(err, sqldb.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		var none []int64
		must(t, db.Select(ctx, &none, `SELECT id FROM items WHERE id = ?`, 9))
		if len(none) > 0 {
			t.Errorf("got %v", none)
		}
	})
}

func TestListsAreOneArgument(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, name := range []string{"a", "b", "c"} {
			_, err := db.Exec(t.Context(), insertItem, name, nil, 1)
			must(t, err)
		}
		d := db.Dialect()
		for want, ids := range map[string][]int64{"[a c]": {1, 3, 99}, "[]": nil} {
			var names []string
			must(t, db.Select(t.Context(), &names, `SELECT name FROM items WHERE `+d.In("id")+` ORDER BY id`, d.List(ids)))
			if got := fmt.Sprint(names); got != want {
				t.Errorf("ids %v: got %s, want %s", ids, got, want)
			}
		}
	})
}

func TestConstraints(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		_, err := db.Exec(ctx, insertItem, "secret-name", "Secret-Note", 1)
		must(t, err)
		_, err = db.Exec(ctx, `INSERT INTO tags (item_id, tag) VALUES (1, ?)`, "secret-tag")
		must(t, err)

		duplicates := map[string]struct {
			query  string
			args   []any
			column string
			text   string
		}{
			"unique":     {insertItem, []any{"secret-name", nil, 1}, "name", "duplicate in items (name)"},
			"two":        {`INSERT INTO tags (item_id, tag) VALUES (1, ?)`, []any{"secret-tag"}, "item_id", "duplicate in tags (item_id, tag)"},
			"key":        {`INSERT INTO items (id, name, price_minor, version, created_at) VALUES (1, 'x', 1, 1, 1)`, nil, "id", "duplicate in items (id)"},
			"expression": {insertItem, []any{"other", "SECRET-NOTE", 1}, "note", "items_note_lower"},
		}
		for name, tc := range duplicates {
			t.Run(name, func(t *testing.T) {
				_, err := db.Exec(ctx, tc.query, tc.args...)
				var d *sqldb.Duplicate
				if !errors.Is(err, sqldb.ErrDuplicate) || !errors.As(err, &d) {
					t.Fatalf("got %v, want a Duplicate", err)
				}
				if !d.On(tc.column) || d.On("price_minor") {
					t.Errorf("got %+v, want it on %s", d, tc.column)
				}
				if !strings.Contains(err.Error(), tc.text) || strings.Contains(strings.ToLower(err.Error()), "secret") {
					t.Errorf("text is %q", err)
				}
			})
		}
		for name, tc := range map[string]struct {
			query string
			want  error
		}{
			"a parent that isn't there":  {`INSERT INTO tags (item_id, tag) VALUES (99, 'x')`, sqldb.ErrForeignKey},
			"a child that is left over":  {`DELETE FROM items WHERE id = 1`, sqldb.ErrForeignKey},
			"a value that isn't allowed": {`UPDATE items SET price_minor = -1`, sqldb.ErrCheck},
			"a value that is missing":    {`UPDATE items SET name = NULL`, sqldb.ErrCheck},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := db.Exec(ctx, tc.query)
				if !errors.Is(err, tc.want) || errs.KindOf(err) != errs.Internal {
					t.Errorf("got %v, want %v", err, tc.want)
				}
			})
		}
	})
}

// slow is a query that doesn't end by itself in the time of a test.
func slow(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return `SELECT count(*) FROM generate_series(1, 1000000000)`
	}
	return `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`
}

func TestAnEndedContextIsRecognisable(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var n int64
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Get(ended, &n, `SELECT 1`); !errors.Is(err, context.Canceled) {
			t.Errorf("before the statement: got %v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		err := db.Get(short, &n, slow(db.Dialect()))
		if !errors.Is(err, context.DeadlineExceeded) || errs.KindOf(err) != errs.Unavailable {
			t.Errorf("in the statement: got %v", err)
		}
		short, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		err = db.Tx(short, func(tx *sqldb.Tx) error { return tx.Get(short, &n, slow(db.Dialect())) })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a transaction: got %v", err)
		}
		must(t, db.Ping(t.Context()))
		_, err = db.Exec(t.Context(), insertItem, "still writable", nil, 1)
		must(t, err)
	})
}

func TestABusyFileIsUnavailable(t *testing.T) {
	path := t.TempDir() + "/shop.db"
	one, two := sqldbtest.OpenURL(t, sqldbtest.FileURL(path), nil), sqldbtest.OpenURL(t, sqldbtest.FileURL(path), nil)
	sqldbtest.Migrate(t, one, migrations())
	_, err := two.Exec(t.Context(), `PRAGMA busy_timeout = 20`)
	must(t, err)
	must(t, one.Tx(t.Context(), func(*sqldb.Tx) error {
		err := two.Tx(t.Context(), func(*sqldb.Tx) error { return nil })
		if !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("begin: got %v, want unavailable", err)
		}
		_, err = two.Exec(t.Context(), insertItem, "x", nil, 1)
		if !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("exec: got %v, want unavailable", err)
		}
		return two.Ping(t.Context()) // Readers don't wait.
	}))
	_, err = two.Exec(t.Context(), insertItem, "x", nil, 1)
	must(t, err)
}

func TestAFullDiskIsUnavailable(t *testing.T) {
	db := sqldbtest.Open(t, migrations())
	var pages int
	must(t, db.Get(t.Context(), &pages, `PRAGMA max_page_count = 40`))
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 1000 {
			if _, err := tx.Exec(t.Context(), insertItem, fmt.Sprint(i), strings.Repeat("x", 1000)+fmt.Sprint(i), 1); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, errs.ErrUnavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	n, _, err := items().Count(t.Context(), db, "", nil, 0)
	if err != nil || n != 0 {
		t.Errorf("%d rows, %v: half a transaction was written", n, err)
	}
}

func TestLostConnections(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // There is no connection to lose.
		}
		url := e.URL(t)
		db, killer := sqldbtest.OpenURL(t, url, nil), sqldbtest.OpenURL(t, url, nil)
		sqldbtest.Migrate(t, db, migrations())
		kill := func() {
			var killed []bool
			must(t, killer.Select(t.Context(), &killed, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE pid <> pg_backend_pid() AND datname = current_database()`))
		}
		runs := 0
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			runs++
			_, err := tx.Exec(t.Context(), insertItem, "first", nil, runs)
			must(t, err)
			if runs == 1 {
				kill()
			}
			_, err = tx.Exec(t.Context(), insertItem, "second", nil, runs)
			return err
		}))
		if runs != 2 {
			t.Errorf("ran %d times, want 2", runs)
		}
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), insertItem, "lost", nil, 1)
			kill()
			return err
		})
		if !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("commit: got %v, want unavailable", err)
		}
		// All idle connections die; only the first write may notice.
		kill()
		if _, err := db.Exec(t.Context(), insertItem, "unlucky", nil, 1); err != nil && !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("write: got %v", err)
		}
		_, err = db.Exec(t.Context(), insertItem, "kept", nil, 1)
		must(t, err)
		kill()
		must(t, db.Ping(t.Context()))
		kill()
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), insertItem, "kept too", nil, 1)
			return err
		}))
		var names []string
		must(t, db.Select(t.Context(), &names, `SELECT name FROM items WHERE name <> 'unlucky' ORDER BY id`))
		if got := fmt.Sprint(names); got != "[first second kept kept too]" {
			t.Errorf("got %s", got)
		}
	})
}

func TestMoreStatementsThanAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for i := range 600 {
			var n int
			must(t, db.Get(t.Context(), &n, fmt.Sprintf(`SELECT %d + ?`, i), 1))
			if n != i+1 {
				t.Fatalf("got %d, want %d", n, i+1)
			}
		}
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			var n []int
			must(t, tx.Select(t.Context(), &n, `SELECT 7`))
			must(t, db.Select(t.Context(), &n, `SELECT 8`))
			return nil
		}))
		_, err := db.Exec(t.Context(), `DELETE FROM tags WHERE tag = 'one too many'`)
		must(t, err)
	})
}

func TestMicros(t *testing.T) {
	moment := time.Date(2026, 11, 22, 21, 29, 5, 123456789, time.FixedZone("UTC+7", 7*3600))
	got := sqldb.From(moment).Time()
	if want := time.Date(2026, 11, 22, 14, 29, 5, 123456000, time.UTC); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if !sqldb.From(time.Time{}).Time().IsZero() {
		t.Error("the zero time is lost")
	}
}
