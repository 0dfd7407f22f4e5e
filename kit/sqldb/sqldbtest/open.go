// Package sqldbtest helps to test a service's database: Open gives a migrated
// one, Each runs a test on every engine, Wire is a network that fails at will, and
// Migrations, Outbox and Inbox prove that a service's migrations are right.
package sqldbtest

import (
	"io/fs"
	"path/filepath"
	"testing"

	"shop/kit/sqldb"
	"shop/kit/telemetry"
)

// Open returns a fresh SQLite database with all migrations in fsys applied,
// closed when the test ends.
func Open(t testing.TB, fsys fs.FS) *sqldb.DB {
	t.Helper()
	db := OpenURL(t, FileURL(filepath.Join(t.TempDir(), "test.db")), nil)
	Migrate(t, db, fsys)
	return db
}

// FileURL returns the database URL of the SQLite file at path.
func FileURL(path string) string { return "sqlite:///" + filepath.ToSlash(path) }

// OpenURL opens the database at url, closed when the test ends. A nil tel
// reports nothing.
func OpenURL(t testing.TB, url string, tel *telemetry.Telemetry) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), url, sqldb.Options{Tel: tel})
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

// Migrator returns the migrator of db by the files in fsys.
func Migrator(t testing.TB, db *sqldb.DB, fsys fs.FS) *sqldb.Migrator {
	t.Helper()
	m, err := sqldb.NewMigrator(db, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Migrate applies all migrations in fsys to db.
func Migrate(t testing.TB, db *sqldb.DB, fsys fs.FS) {
	t.Helper()
	if _, err := Migrator(t, db, fsys).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}
