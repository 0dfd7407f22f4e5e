package sqldbtest

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"shop/kit/sqldb"
)

// Restore runs the SQL in file, and in more, in the Postgres database at url.
func Restore(t testing.TB, url, file string, more ...string) {
	t.Helper()
	script, err := os.ReadFile(file) //nolint:gosec // The test's own file.
	if err != nil {
		t.Fatal(err)
	}
	Exec(t, url, append([]string{string(script)}, more...)...)
}

// Exec runs scripts, of one or more statements each, in the Postgres database at
// url.
func Exec(t testing.TB, url string, scripts ...string) {
	t.Helper()
	run(t, url, func(db *sql.DB) {
		for _, script := range scripts {
			if _, err := db.ExecContext(t.Context(), script); err != nil {
				t.Fatalf("%v in %.100s", err, script)
			}
		}
	})
}

// everything lists what is in a Postgres database: tables with their columns,
// constraints, indexes, sequences with their values, types, schemas, and who may
// do what.
const everything = `
SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'class ' || c.oid || ' ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(c.relacl::text, '') || ' ' || c.relfilenode
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'column ' || attrelid::regclass || ' ' || attnum || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
       || ' ' || coalesce(pg_get_expr(adbin, adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
  LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
 WHERE attnum > 0 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE conrelid <> 0
UNION ALL
SELECT 'sequence ' || schemaname || '.' || sequencename || ' ' || coalesce(last_value::text, 'unused') FROM pg_sequences
UNION ALL
SELECT 'label ' || enumtypid::regtype || ' ' || enumlabel || ' ' || enumsortorder FROM pg_enum`

// Dump returns all that is in the Postgres database at url, schema and rows, so
// that two dumps are equal if and only if nothing has changed.
func Dump(t testing.TB, url string) string {
	t.Helper()
	var lines []string
	run(t, url, func(db *sql.DB) {
		lines = column(t, db, everything)
		for _, table := range column(t, db, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
			WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'`) {
			lines = append(lines, column(t, db, `SELECT '`+table+` ' || ctid || ' ' || xmin || ' ' || r::text FROM `+table+` r`)...)
		}
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func column(t testing.TB, db *sql.DB, query string) (texts []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong.
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

func run(t testing.TB, url string, f func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open("postgres", strings.Replace(url, "postgresql://", "postgres://", 1))
	if err != nil {
		t.Fatal(err)
	}
	f(db)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// EachPostgres runs f as a subtest on the engine Postgres, with the URL of a fresh
// database.
func EachPostgres(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	Each(t, func(t *testing.T, e Engine) {
		if e.Dialect == sqldb.Postgres {
			f(t, e.URL(t))
		}
	})
}
