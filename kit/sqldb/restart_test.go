package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// privatePostgres starts a server that this test may kill. Its database is
// the one that every new server has.
func privatePostgres(t *testing.T) *engine.Server {
	t.Helper()
	server, err := engine.StartPostgres(t.Context(), engine.Options{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server
}

// TestAServerThatIsRestartedUnderLoad kills PostgreSQL in the middle of writes
// and starts it again: what fails meanwhile is "unavailable", what was reported as
// done is there, nothing is there by half, and the relay goes on by itself.
func TestAServerThatIsRestartedUnderLoad(t *testing.T) {
	const writers, restarts = 8, 2
	server := privatePostgres(t)
	db := sqldbtest.OpenURL(t, server.URL(), nil)
	sqldbtest.Migrate(t, db, migrations())
	outbox := sqldb.NewOutbox(db, telemetry.Nop(), "order")

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	published := &broker{}
	settings := sqldb.With(sqldb.RelaySettings{MaxWait: 200 * time.Millisecond, Lease: 3 * time.Second})
	relay := sqldb.NewRelay(outbox, published, telemetry.Nop(), settings)
	running.Go(func() { must(t, relay.Run(ctx)) })

	var mu sync.Mutex
	done, unknown := map[string]bool{}, map[string]bool{}
	var succeeded atomic.Int64
	for w := range writers {
		running.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := fmt.Sprint(w, "-", i)
				err := db.Tx(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error {
					if err := items().Create(t.Context(), tx, &item{Name: name}); err != nil {
						return err
					}
					return outbox.Add(t.Context(), tx, created(name, 1))
				})
				mu.Lock()
				switch {
				case err == nil:
					done[name] = true
					succeeded.Add(1)
				case errors.Is(err, sqldb.ErrOutcomeUnknown):
					unknown[name] = true
				}
				mu.Unlock()
				if err != nil && !errors.Is(err, errs.ErrUnavailable) {
					t.Errorf("%s: got %v, want unavailable", name, err)
				}
			}
		})
	}
	moreSucceed := func(within time.Duration) {
		t.Helper()
		from := succeeded.Load()
		testkit.Eventually(t, within, func() bool { return succeeded.Load() >= from+writers })
	}
	moreSucceed(30 * time.Second)
	for range restarts {
		must(t, server.Kill())
		must(t, server.Start(t.Context()))
		back := time.Now()
		moreSucceed(25 * time.Second) // Five times what it may take.
		t.Logf("recovered in %s", time.Since(back))
	}
	stop()
	running.Wait()

	var names []string
	must(t, db.Select(t.Context(), &names, `SELECT name FROM items`))
	stored := map[string]bool{}
	for _, name := range names {
		stored[name] = true
		if !done[name] && !unknown[name] {
			t.Errorf("%s is there, though it was reported as not done", name)
		}
	}
	for name := range done {
		if !stored[name] {
			t.Errorf("%s was reported as done and is lost", name)
		}
	}
	testkit.Eventually(t, 30*time.Second, func() error { // What was claimed when the server died is due when its lease ends.
		flush(t, outbox, published, settings)
		events := map[string]bool{}
		for _, e := range published.stored {
			events[e.Key] = true
		}
		if len(events) != len(stored) {
			return fmt.Errorf("%d rows have %d events", len(stored), len(events))
		}
		return nil
	})
}

// TestAMigratorThatIsKilled breaks the connections of one that is in the middle of
// a migration: nothing of it is left, its lock is free, and the next one goes on.
func TestAMigratorThatIsKilled(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // A process that dies takes its SQLite along; its journal is rolled back by the next.
		}
		direct := e.URL(t)
		wire := sqldbtest.NewWire(t, direct)
		slow := with("00003_slow.sql", "CREATE TABLE extra (id BIGINT);\nSELECT pg_sleep(60);")
		killed := sqldbtest.Migrator(t, sqldbtest.OpenURL(t, wire.URL, nil), slow)
		watch := sqldbtest.OpenURL(t, direct, nil)
		var migrating sync.WaitGroup
		migrating.Go(func() {
			if _, err := killed.Up(t.Context()); err == nil {
				t.Error("a migrator without connections succeeded")
			}
		})
		sleeping := func() bool {
			var n int
			must(t, watch.Get(t.Context(), &n, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
				AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()`))
			return n > 0
		}
		testkit.Eventually(t, 30*time.Second, sleeping)
		next := sqldbtest.Migrator(t, sqldbtest.OpenURL(t, direct, nil), with("00003_quick.sql", "CREATE TABLE extra (id BIGINT);"))
		wire.Cut()
		done, err := next.Up(t.Context())
		must(t, err)
		migrating.Wait()
		if got := versions(done); got != "00003_quick.sql" {
			t.Errorf("the next one did %q, want the one that was broken off", got)
		}
	})
}
