package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	sqldbtest.Migrations(t, migrations())
}

func TestMigrationsHoldTheOutboxAndTheInbox(t *testing.T) {
	sqldbtest.Outbox(t, migrations())
	sqldbtest.Inbox(t, migrations())
}

// with returns the migrations and one more, for both engines.
func with(name, up string) fstest.MapFS {
	files := migrations()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		files[d.Folder()+"/"+name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\nDROP TABLE extra;\n")}
	}
	return files
}

func versions(steps []sqldb.Migration) string {
	var list []string
	for _, s := range steps {
		list = append(list, s.Name)
	}
	return strings.Join(list, " ")
}

func TestMigratingByHand(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		ctx := t.Context()
		m := sqldbtest.Migrator(t, e.Open(t), with("00010_extra.sql", "CREATE TABLE extra (id BIGINT);"))
		if m.Latest() != 10 {
			t.Errorf("latest is %d, want 10", m.Latest())
		}
		for _, step := range []struct {
			name    string
			do      func() ([]sqldb.Migration, error)
			want    string
			current int64
		}{
			{"down from nothing", func() ([]sqldb.Migration, error) { return m.Down(ctx, 3) }, "", 0},
			{"to 0 from nothing", func() ([]sqldb.Migration, error) { return m.To(ctx, 0) }, "", 0},
			{"to 1", func() ([]sqldb.Migration, error) { return m.To(ctx, 1) }, "00001_items.sql", 1},
			{"up", func() ([]sqldb.Migration, error) { return m.Up(ctx) }, "00002_inbox.sql 00010_extra.sql", 10},
			{"up again", func() ([]sqldb.Migration, error) { return m.Up(ctx) }, "", 10},
			{"down one", func() ([]sqldb.Migration, error) { return m.Down(ctx, 1) }, "00010_extra.sql", 2},
			{"to 10", func() ([]sqldb.Migration, error) { return m.To(ctx, 10) }, "00010_extra.sql", 10},
			{"to 1 again", func() ([]sqldb.Migration, error) { return m.To(ctx, 1) }, "00010_extra.sql 00002_inbox.sql", 1},
			{"down more than there is", func() ([]sqldb.Migration, error) { return m.Down(ctx, 9) }, "00001_items.sql", 0},
		} {
			done, err := step.do()
			must(t, err)
			if got := versions(done); got != step.want {
				t.Errorf("%s: did %q, want %q", step.name, got, step.want)
			}
			if current, err := m.Current(ctx); err != nil || current != step.current {
				t.Errorf("%s: at %d, %v, want %d", step.name, current, err, step.current)
			}
		}
		if _, err := m.To(ctx, 7); !errors.Is(err, sqldb.ErrUnknownVersion) {
			t.Errorf("got %v, want ErrUnknownVersion", err)
		}
	})
}

func TestThreeStartersMigrateOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		url := e.URL(t)
		var wg sync.WaitGroup
		var mu sync.Mutex
		done := map[string]int{}
		for range 3 {
			wg.Go(func() {
				db, err := sqldb.Open(t.Context(), url, sqldb.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				m, err := sqldb.NewMigrator(db, migrations())
				if err != nil {
					t.Error(err)
					return
				}
				steps, err := m.Up(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, s := range steps {
					done[s.Name]++
				}
			})
		}
		wg.Wait()
		if got := fmt.Sprint(done); got != "map[00001_items.sql:1 00002_inbox.sql:1]" {
			t.Errorf("done: %s, want each once", got)
		}
	})
}

func TestADatabaseThatIsTooNewIsLeftAlone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		ctx, db := t.Context(), e.Open(t)
		sqldbtest.Migrate(t, db, with("00010_extra.sql", "CREATE TABLE extra (id BIGINT);\n"+fmt.Sprintf(floorAt, 3)))
		before := sqldbtest.Schema(t, db)
		m := sqldbtest.Migrator(t, db, migrations())
		for name, do := range map[string]func() error{
			"up":      func() error { return second(m.Up(ctx)) },
			"down":    func() error { return second(m.Down(ctx, 1)) },
			"to":      func() error { return second(m.To(ctx, 1)) },
			"history": func() error { return second(m.History(ctx)) },
			"current": func() error { return second(m.Current(ctx)) },
		} {
			err := do()
			if !errors.Is(err, sqldb.ErrNewerDatabase) || !strings.Contains(err.Error(), "at version 10, this program knows up to 2") {
				t.Errorf("%s: got %v", name, err)
			}
			oneLine(t, err)
		}
		if after := sqldbtest.Schema(t, db); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("the schema was changed:\n%v\n%v", before, after)
		}
	})
}

func TestAMigrationThatFailsIsNamedAndUndone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		db := e.Open(t)
		m := sqldbtest.Migrator(t, db, with("00003_broken.sql", "CREATE TABLE extra (id BIGINT);\nCREATE TABLE items (id BIGINT);"))
		done, err := m.Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "00003_broken.sql") || !strings.Contains(err.Error(), "items") {
			t.Errorf("got %v", err)
		}
		if got := versions(done); got != "00001_items.sql 00002_inbox.sql" {
			t.Errorf("did %q before it failed", got)
		}
		if left := sqldbtest.Schema(t, db, "extra"); len(left) > 0 {
			t.Errorf("half a migration is left: %v", left)
		}
		if current, err := m.Current(t.Context()); current != 2 || err != nil {
			t.Errorf("at %d, %v, want 2", current, err)
		}
	})
}

func TestMigratingWaitsForTheLockAsLongAsItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	db := sqldbtest.OpenURL(t, sqldbtest.FileURL(path), nil)
	m := sqldbtest.Migrator(t, db, migrations())
	other := sqldbtest.Migrator(t, sqldbtest.OpenURL(t, sqldbtest.FileURL(path), nil), slowMigration())
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := other.Up(ctx); err == nil {
			t.Error("a migration without end ended")
		}
	})
	for { // Until the other has the lock.
		short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := m.Current(short)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		must(t, err)
	}
	cancel()
	wg.Wait()
	_, err := m.Up(t.Context())
	must(t, err)
}

func slowMigration() fstest.MapFS {
	return fstest.MapFS{"sqlite/00001_slow.sql": {Data: []byte("-- +goose Up\nCREATE TABLE extra AS " + slow(sqldb.SQLite) + ";\n")}}
}

func TestNoMigrations(t *testing.T) {
	db := sqldbtest.Open(t, migrations())
	if _, err := sqldb.NewMigrator(db, fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "migrations in sqlite") {
		t.Errorf("got %v", err)
	}
}
