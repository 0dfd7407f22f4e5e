// Package sqldbtest helps to test a service's database: Open gives a migrated
// one, Migrations, Outbox and Inbox prove that its migrations are right.
package sqldbtest

import (
	"io/fs"
	"path/filepath"
	"testing"

	"shop/kit/sqldb"
	"shop/kit/telemetry"
)

// Open returns a fresh database with all migrations in fsys applied, closed when
// the test ends.
func Open(t testing.TB, fsys fs.FS) *sqldb.DB {
	t.Helper()
	db := Empty(t)
	Migrate(t, db, fsys)
	return db
}

// Empty returns a fresh database without tables, closed when the test ends.
func Empty(t testing.TB) *sqldb.DB {
	t.Helper()
	return OpenFile(t, filepath.Join(t.TempDir(), "test.db"), telemetry.Nop())
}

// OpenFile opens the SQLite file at path, closed when the test ends.
func OpenFile(t testing.TB, path string, tel *telemetry.Telemetry) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), "sqlite:///"+path, sqldb.Options{Tel: tel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Migrate applies all migrations in fsys to db.
func Migrate(t testing.TB, db *sqldb.DB, fsys fs.FS) {
	t.Helper()
	m, err := sqldb.NewMigrator(db, fsys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}
