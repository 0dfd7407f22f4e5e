package sqldbtest

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"shop/kit/sqldb"
)

// Migrations proves that the migrations in fsys are whole: both engines have the
// same steps, and on each engine there is every step goes up, down and up again
// to the identical schema, the way down from the top leaves nothing, and the
// history tells it.
func Migrations(t *testing.T, fsys fs.FS) {
	t.Helper()
	t.Run("same steps for both engines", func(t *testing.T) {
		lite, post := files(t, fsys, sqldb.SQLite), files(t, fsys, sqldb.Postgres)
		if !slices.Equal(lite, post) {
			t.Errorf("sqlite has %q, postgres has %q", lite, post)
		}
	})
	t.Run("programs of the version before go on", func(t *testing.T) {
		if why := TakesAway(fsys); why != "" {
			t.Error(why)
		}
	})
	Each(t, func(t *testing.T, e Engine) {
		db := e.Open(t)
		m := Migrator(t, db, fsys)
		steps := history(t, m)
		below := []string(nil)
		for i, step := range steps {
			from := int64(0)
			if i > 0 {
				from = steps[i-1].Version
			}
			to(t, m, step.Version)
			above := Schema(t, db)
			to(t, m, from)
			same(t, "after taking back "+step.Name, Schema(t, db), below)
			to(t, m, step.Version)
			same(t, "after applying "+step.Name+" again", Schema(t, db), above)
			below = above
		}
		applied(t, history(t, m), true)
		if _, err := m.Down(t.Context(), len(steps)); err != nil {
			t.Fatal(err)
		}
		same(t, "after taking back everything", Schema(t, db), nil)
		applied(t, history(t, m), false)
		if _, err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "after applying everything again", Schema(t, db), below)
	})
}

// Outbox proves that the migrations in fsys make the outbox as sqldb needs it.
func Outbox(t *testing.T, fsys fs.FS) {
	t.Helper()
	copied(t, fsys, "outbox", sqldb.OutboxSchema)
}

// Inbox proves that the migrations in fsys make the inbox as sqldb needs it.
func Inbox(t *testing.T, fsys fs.FS) {
	t.Helper()
	copied(t, fsys, "inbox", sqldb.InboxSchema)
}

func copied(t *testing.T, fsys fs.FS, table string, want func(sqldb.Dialect) string) {
	t.Helper()
	Each(t, func(t *testing.T, e Engine) {
		migrated, model := e.Open(t), e.Open(t)
		Migrate(t, migrated, fsys)
		Migrate(t, model, fstest.MapFS{
			e.Dialect.Folder() + "/00001_model.sql": {Data: []byte("-- +goose Up\n" + want(e.Dialect))},
		})
		same(t, "the table "+table, Schema(t, migrated, table), Schema(t, model, table))
	})
}

func files(t *testing.T, fsys fs.FS, d sqldb.Dialect) []string {
	t.Helper()
	names, err := fs.Glob(fsys, d.Folder()+"/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], d.Folder()+"/")
	}
	return names
}

func to(t *testing.T, m *sqldb.Migrator, version int64) {
	t.Helper()
	if _, err := m.To(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	current, err := m.Current(t.Context())
	if err != nil || current != version {
		t.Fatalf("current version %d (%v), want %d", current, err, version)
	}
}

func history(t *testing.T, m *sqldb.Migrator) []sqldb.Migration {
	t.Helper()
	steps, err := m.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func applied(t *testing.T, steps []sqldb.Migration, want bool) {
	t.Helper()
	for _, step := range steps {
		if got := !step.AppliedAt.IsZero(); got != want {
			t.Errorf("history says applied=%t of %s, want %t", got, step.Name, want)
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	var missing, extra []error
	for _, line := range want {
		if !slices.Contains(got, line) {
			missing = append(missing, errors.New("  - "+line))
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			extra = append(extra, errors.New("  + "+line))
		}
	}
	t.Errorf("%s the schema differs:\n%v", what, errors.Join(append(missing, extra...)...))
}
