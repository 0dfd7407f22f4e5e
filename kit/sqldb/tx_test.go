package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

func count(t *testing.T, q sqldb.Queryer) int64 {
	t.Helper()
	n, _, err := items().Count(t.Context(), q, "", nil, 0)
	must(t, err)
	return n
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	errNo := errors.New("no")
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		hooks := ""
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			tx.AfterCommit(func() { hooks += "undone" })
			must(t, items().Create(ctx, tx, &item{Name: "a"}))
			if count(t, tx) != 1 || count(t, db) != 0 {
				t.Error("a transaction sees its own rows, others don't")
			}
			return errNo
		})
		if !errors.Is(err, errNo) || count(t, db) != 0 {
			t.Errorf("got %v and %d rows", err, count(t, db))
		}
		func() {
			defer func() {
				if recover() != "bang" {
					t.Error("the panic was lost")
				}
			}()
			_ = db.Tx(ctx, func(tx *sqldb.Tx) error {
				tx.AfterCommit(func() { hooks += "undone" })
				must(t, items().Create(ctx, tx, &item{Name: "a"}))
				panic("bang")
			})
		}()
		if n := count(t, db); n != 0 {
			t.Errorf("%d rows after a panic", n)
		}
		must(t, db.Tx(ctx, func(tx *sqldb.Tx) error {
			tx.AfterCommit(func() { hooks += fmt.Sprint("one sees ", count(t, db)) })
			tx.AfterCommit(func() { hooks += ", two" })
			return items().Create(ctx, tx, &item{Name: "a"})
		}))
		if hooks != "one sees 1, two" {
			t.Errorf("hooks: %q", hooks)
		}
	})
}

func TestATransactionEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			must(t, items().Create(ctx, tx, &item{Name: "a"}))
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || count(t, db) != 0 {
			t.Errorf("got %v and %d rows", err, count(t, db))
		}
	})
}

func TestAStatementThatFailsDoesNotCommit(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			must(t, items().Create(t.Context(), tx, &item{Name: "a"}))
			return items().Create(t.Context(), tx, &item{Name: "a"})
		})
		if !errors.Is(err, sqldb.ErrDuplicate) || count(t, db) != 0 {
			t.Errorf("got %v and %d rows", err, count(t, db))
		}
	})
}

func TestSixteenWriters(t *testing.T) {
	const writers, each16 = 16, 25
	each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, items().Create(t.Context(), db, &item{Name: "counter"}))
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each16 {
					err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
						if _, err := tx.Exec(t.Context(), `UPDATE items SET price_minor = price_minor + 1 WHERE id = 1`); err != nil {
							return err
						}
						return items().Create(t.Context(), tx, &item{Name: fmt.Sprint(w, " ", i)})
					})
					if err != nil {
						t.Error(err)
					}
					if _, err := items().Get(t.Context(), db, 1); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		counter, err := items().Get(t.Context(), db, 1)
		must(t, err)
		if want := int64(writers * each16); counter.Price != want || count(t, db) != want+1 {
			t.Errorf("counted %d, kept %d rows, want %d", counter.Price, count(t, db), want)
		}
	})
}

func TestTwoProcessesWriteOneFile(t *testing.T) {
	url := sqldbtest.FileURL(t.TempDir() + "/shop.db")
	one, two := sqldbtest.OpenURL(t, url, nil), sqldbtest.OpenURL(t, url, nil)
	sqldbtest.Migrate(t, one, migrations())
	must(t, items().Create(t.Context(), one, &item{Name: "counter"}))
	var wg sync.WaitGroup
	for _, db := range []*sqldb.DB{one, two} {
		wg.Go(func() {
			for range 50 {
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
					row, err := items().Get(t.Context(), tx, 1) // Reads first: BEGIN IMMEDIATE has the lock already.
					if err != nil {
						return err
					}
					row.Price++
					return items().Update(t.Context(), tx, &row)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	row, err := items().Get(t.Context(), one, 1)
	if err != nil || row.Price != 100 {
		t.Errorf("counted %d, %v, want 100", row.Price, err)
	}
}

// TestADeadlockIsRunAgain has two transactions take two rows in opposite order.
// Postgres gives one of them up; SQLite lets the second wait from its start.
func TestADeadlockIsRunAgain(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, name := range []string{"a", "b"} {
			must(t, items().Create(t.Context(), db, &item{Name: name}))
		}
		var runs atomic.Int32
		var both sync.WaitGroup
		if db.Dialect() == sqldb.Postgres {
			both.Add(2)
		}
		add := func(first, second int) error {
			met := false
			return db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				runs.Add(1)
				for i, id := range []int{first, second} {
					if _, err := tx.Exec(t.Context(), `UPDATE items SET price_minor = price_minor + 1 WHERE id = ?`, id); err != nil {
						return errors.New("the cause is lost on the way")
					}
					if i == 0 && !met && db.Dialect() == sqldb.Postgres {
						met = true
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := add(1, 2); err != nil {
				t.Error(err)
			}
		})
		if err := add(2, 1); err != nil {
			t.Error(err)
		}
		wg.Wait()
		rows, err := items().List(t.Context(), db, sqldb.Query{OrderBy: "id"})
		must(t, err)
		if rows[0].Price != 2 || rows[1].Price != 2 {
			t.Errorf("got %d and %d, want 2 and 2", rows[0].Price, rows[1].Price)
		}
		want := int32(2)
		if db.Dialect() == sqldb.Postgres {
			want = 3
		}
		if runs.Load() != want {
			t.Errorf("ran %d times, want %d", runs.Load(), want)
		}
	})
}

func TestTheErrorOfBeginIsClassified(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := db.Tx(ctx, func(*sqldb.Tx) error { return nil })
		if !errors.Is(err, context.Canceled) || errs.Of(err).Code != errs.ErrTimeout.Code {
			t.Errorf("got %v", err)
		}
	})
}

func TestWritesTogether(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		write := func(names ...string) error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error {
				writes := []sqldb.Write{{Query: `DELETE FROM tags WHERE tag = ?`, Args: []any{"none's ?"}}}
				for i, name := range names {
					writes = append(writes, items().Creation(item{ID: int64(i + 7), Name: name, Version: 1}))
				}
				return tx.Together(ctx, writes...)
			})
		}
		must(t, write("one"))
		for _, names := range [][]string{{"zero", "two"}, {"zero", "two", "three"}} {
			err := write(names...)
			var d *sqldb.Duplicate
			if !errors.As(err, &d) || d.Table != "items" {
				t.Errorf("got %v, want a duplicate in items", err)
			}
		}
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows, want one", n)
		}
		_, err := db.Exec(ctx, `DELETE FROM items`)
		must(t, err)
		must(t, write("one", "two", "three"))
		if n := count(t, db); n != 3 {
			t.Errorf("%d rows, want three", n)
		}
		must(t, db.Tx(ctx, func(tx *sqldb.Tx) error { return tx.Together(ctx) }))
	})
}
