package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
)

// wired runs f on a migrated Postgres behind a wire.
func wired(t *testing.T, o sqldb.Options, f func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // There is no network.
		}
		url := e.URL(t)
		sqldbtest.Migrate(t, sqldbtest.OpenURL(t, url, nil), migrations())
		wire := sqldbtest.NewWire(t, url)
		f(t, opened(t, wire.URL, o), wire)
	})
}

func opened(t *testing.T, url string, o sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), url, o)
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

const (
	readPrice = `SELECT price_minor FROM items WHERE name = ?`
	addOne    = `UPDATE items SET price_minor = price_minor + 1 WHERE name = ?`
)

// price creates the item name and returns how its price is read, on another way
// than the wire's.
func price(t *testing.T, db *sqldb.DB, name string) func() int64 {
	t.Helper()
	must(t, items().Create(t.Context(), db, &item{Name: name}))
	return func() (p int64) {
		t.Helper()
		must(t, db.Get(t.Context(), &p, readPrice, name))
		return p
	}
}

func TestAWriteWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		current := price(t, db, "ann")
		_, err := db.Exec(t.Context(), addOne, "nobody") // Prepared from now on.
		must(t, err)
		wire.LoseAnswer("ann")
		if _, err := db.Exec(t.Context(), addOne, "ann"); !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		if got := current(); got != 1 {
			t.Errorf("added %d times, want once", got)
		}
	})
}

func TestAReadWhoseAnswerIsLostIsAskedAgain(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		current := price(t, db, "ann")
		current()
		wire.LoseAnswer("ann")
		if got := current(); got != 0 {
			t.Errorf("got %d", got)
		}
	})
}

func TestACommitWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		current := price(t, db, "ann")
		runs, told := 0, false
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			runs++
			tx.AfterCommit(func() { told = true })
			_, err := tx.Exec(t.Context(), addOne, "ann")
			wire.LoseAnswer("COMMIT")
			return err
		})
		if !errors.Is(err, errs.ErrUnavailable) || !errors.Is(err, sqldb.ErrOutcomeUnknown) {
			t.Errorf("got %v, want unavailable and unknown", err)
		}
		if got := current(); got != 1 || runs != 1 || told {
			t.Errorf("added %d times in %d runs (told: %t), want once in one", got, runs, told)
		}
	})
}

func TestATransactionWhoseConnectionIsLostIsRunAgain(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		current := price(t, db, "ann")
		runs := 0
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			runs++
			if runs == 1 {
				wire.LoseAnswer("ann")
			}
			_, err := tx.Exec(t.Context(), addOne, "ann")
			return err
		}))
		if got := current(); got != 1 || runs != 2 {
			t.Errorf("added %d times in %d runs, want once in two", got, runs)
		}
	})
}

// TestConnectionsThatDiedIdleFailNobody has every connection of the pool die; the
// next statements, writes as well, find others.
func TestConnectionsThatDiedIdleFailNobody(t *testing.T) {
	const conns = 4
	wired(t, sqldb.Options{MaxConns: conns}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		current := price(t, db, "ann")
		together := func(f func(i int) error) {
			t.Helper()
			var inside, all sync.WaitGroup
			inside.Add(conns)
			for i := range conns {
				all.Go(func() {
					err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
						inside.Done()
						inside.Wait() // So that each has a connection of its own.
						return nil
					})
					if err == nil {
						err = f(i)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		together(func(int) error { return nil })
		wire.Cut()
		for range conns {
			_, err := db.Exec(t.Context(), addOne, "ann")
			must(t, err)
		}
		together(func(int) error { return nil })
		wire.Cut()
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), addOne, "ann")
			return err
		}))
		if got := current(); got != conns+1 {
			t.Errorf("added %d times, want %d", got, conns+1)
		}
	})
}

func TestAServerThatHangs(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, _ *sqldb.DB, wire *sqldbtest.Wire) {
		db := opened(t, wire.URL+"&connect_timeout=1", sqldb.Options{StatementTimeout: 50 * time.Millisecond})
		current := price(t, db, "ann")
		wire.Hang()
		for name, do := range map[string]func(context.Context) error{
			"read":  func(ctx context.Context) error { var p int64; return db.Get(ctx, &p, readPrice, "ann") },
			"write": func(ctx context.Context) error { _, err := db.Exec(ctx, addOne, "nobody"); return err },
			"transaction": func(ctx context.Context) error {
				return db.Tx(ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec(ctx, addOne, "nobody"); return err })
			},
		} {
			if err := do(t.Context()); !errors.Is(err, errs.ErrUnavailable) {
				t.Errorf("%s: got %v, want unavailable", name, err)
			}
		}
		wire.Resume()
		must(t, db.Ping(t.Context()))
		if got := current(); got != 0 {
			t.Errorf("got %d", got)
		}
	})
}

// TestRoundTrips counts what a statement costs on the network: one round trip
// once it is known to the connection.
func TestRoundTrips(t *testing.T) {
	wired(t, sqldb.Options{MaxConns: 1}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		ctx, current := t.Context(), price(t, db, "ann")
		transaction := func() {
			must(t, db.Tx(ctx, func(tx *sqldb.Tx) error {
				for _, name := range []string{"ann", "ben"} {
					if _, err := tx.Exec(ctx, addOne, name); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		wire.RoundTrips()
		for _, step := range []struct {
			name string
			do   func()
			want int64
		}{
			{"the first read is prepared", func() { current() }, 2},
			{"the next is not", func() { current() }, 1},
			{"a transaction prepares twice, for itself and for the others", transaction, 2 + 4 + 1},
			{"and never again", transaction, 4},
			{"a connection that is gone begins anew, and only there", func() { wire.Cut(); current() }, 2 + startup},
			{"then it is known", func() { current() }, 1},
		} {
			step.do()
			if got := wire.RoundTrips(); got != step.want {
				t.Errorf("%s: %d round trips, want %d", step.name, got, step.want)
			}
		}
		var prepared int
		must(t, db.Get(ctx, &prepared, `SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT price_minor%'`))
		if prepared != 1 {
			t.Errorf("prepared %d times on one connection", prepared)
		}
	})
}

// startup is how often a server says that it is ready while a client connects.
const startup = 1

func TestPoolLimits(t *testing.T) {
	const conns = 3
	wired(t, sqldb.Options{MaxConns: conns}, func(t *testing.T, db *sqldb.DB, _ *sqldbtest.Wire) {
		var all sync.WaitGroup
		for range 8 * conns {
			all.Go(func() {
				var open int
				err := db.Get(t.Context(), &open, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'unknown'`)
				if err != nil || open > conns {
					t.Errorf("%d connections are open, %v; want at most %d", open, err, conns)
				}
			})
		}
		all.Wait()
		if open := db.Stats()["all"].OpenConnections; open > conns || open < 1 {
			t.Errorf("%d connections are open, want 1 to %d", open, conns)
		}
	})
}

func TestConnectionsGrowOld(t *testing.T) {
	for name, o := range map[string]sqldb.Options{
		"by age":  {ConnLifetime: time.Millisecond},
		"by rest": {ConnIdleTime: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			wired(t, o, func(t *testing.T, db *sqldb.DB, _ *sqldbtest.Wire) {
				testkit.Eventually(t, 30*time.Second, func() bool {
					must(t, db.Ping(t.Context()))
					s := db.Stats()["all"]
					return s.MaxLifetimeClosed+s.MaxIdleTimeClosed > 0
				})
			})
		})
	}
}

func TestTheServerEndsWhatTakesTooLong(t *testing.T) {
	wired(t, sqldb.Options{StatementTimeout: 50 * time.Millisecond}, func(t *testing.T, db *sqldb.DB, _ *sqldbtest.Wire) {
		var slept any
		if err := db.Get(t.Context(), &slept, `SELECT pg_sleep(60)`); !errors.Is(err, errs.ErrUnavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		var idle string
		must(t, db.Get(t.Context(), &idle, `SHOW idle_in_transaction_session_timeout`))
		if idle != "100ms" {
			t.Errorf("a forgotten transaction ends after %s, want 100ms", idle)
		}
	})
}

// TestWaitingForAConnectionEnds on both engines: a pool that is used up is
// "unavailable", not a queue.
func TestWaitingForAConnectionEnds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		db := opened(t, e.URL(t), sqldb.Options{MaxConns: 1, ConnWait: 20 * time.Millisecond})
		must(t, db.Tx(t.Context(), func(*sqldb.Tx) error {
			err := db.Tx(t.Context(), func(*sqldb.Tx) error { return nil })
			if !errors.Is(err, errs.ErrUnavailable) || !strings.Contains(err.Error(), "none of 1 connections was free for 20ms") {
				t.Errorf("got %v, want unavailable", err)
			}
			short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := db.Tx(short, func(*sqldb.Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of the context", err)
			}
			return nil
		}))
		var waits int64
		for _, s := range db.Stats() {
			waits += s.WaitCount
			if s.WaitCount > 0 && s.WaitDuration < 20*time.Millisecond {
				t.Errorf("waited %s in all, want more than 20ms", s.WaitDuration)
			}
		}
		if waits != 2 {
			t.Errorf("waited %d times, want 2", waits)
		}
		must(t, db.Ping(t.Context()))
	})
}

// TestSerializationFailuresAreRunAgain has transactions read what others write,
// under the strictest isolation: Postgres gives some of them up.
func TestSerializationFailuresAreRunAgain(t *testing.T) {
	const writers, each = 4, 10
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		url := e.URL(t)
		if e.Dialect == sqldb.Postgres {
			url += "&default_transaction_isolation=serializable"
		}
		db := sqldbtest.OpenURL(t, url, nil)
		sqldbtest.Migrate(t, db, migrations())
		must(t, items().Create(t.Context(), db, &item{Name: "sum"}))
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					increment := func() error {
						return db.Tx(t.Context(), func(tx *sqldb.Tx) error {
							row, err := items().Get(t.Context(), tx, 1)
							if err != nil {
								return err
							}
							row.Price++
							if err := items().Update(t.Context(), tx, &row); err != nil {
								return err
							}
							return items().Create(t.Context(), tx, &item{Name: fmt.Sprint(w, " ", i)})
						})
					}
					err := increment()
					for errors.Is(err, errs.ErrUnavailable) { // It has lost six times in a row.
						err = increment()
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		row, err := items().Get(t.Context(), db, 1)
		must(t, err)
		if n := count(t, db); row.Price != writers*each || n != writers*each+1 {
			t.Errorf("counted %d and kept %d rows, want %d and one more", row.Price, n, writers*each)
		}
	})
}
