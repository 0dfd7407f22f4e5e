package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
)

// bare opens the same file as a few lines of database/sql would.
func bare(b *testing.B, path string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// filled returns the path of a migrated file with 1000 items.
func filled(b *testing.B) (*sqldb.DB, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench.db")
	db := sqldbtest.OpenURL(b, sqldbtest.FileURL(path), nil)
	sqldbtest.Migrate(b, db, migrations())
	repo := sqldb.NewRepository[item]("items")
	err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
		for i := range 1000 {
			if err := repo.Create(b.Context(), tx, &item{Name: fmt.Sprint("item ", i), Price: int64(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return db, path
}

const selectItem = `SELECT "id", "name", "note", "price_minor", "version", "created_at" FROM "items" WHERE "id" = ?`

func BenchmarkGet(b *testing.B) {
	db, path := filled(b)
	b.Run("sqldb", func(b *testing.B) {
		repo := sqldb.NewRepository[item]("items")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := repo.Get(b.Context(), db, int64(i%1000+1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("database_sql", func(b *testing.B) {
		stmt, err := bare(b, path).PrepareContext(b.Context(), selectItem)
		must(b, err)
		defer stmt.Close()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			var row item
			err := stmt.QueryRowContext(b.Context(), int64(i%1000+1)).
				Scan(&row.ID, &row.Name, &row.Note, &row.Price, &row.Version, &row.CreatedAt)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGetParallel(b *testing.B) {
	db, path := filled(b)
	b.Run("sqldb", func(b *testing.B) {
		repo := sqldb.NewRepository[item]("items")
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, err := repo.Get(b.Context(), db, int64(i%1000+1)); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("database_sql", func(b *testing.B) {
		conns := bare(b, path)
		conns.SetMaxIdleConns(4)
		stmt, err := conns.PrepareContext(b.Context(), selectItem)
		if err != nil {
			b.Fatal(err)
		}
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				var row item
				err := stmt.QueryRowContext(b.Context(), int64(i%1000+1)).
					Scan(&row.ID, &row.Name, &row.Note, &row.Price, &row.Version, &row.CreatedAt)
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkOrder is what placing an order writes: a row and an event.
func BenchmarkOrder(b *testing.B) {
	db, path := filled(b)
	n := 0 // Names and keys are used once, however often a benchmark is repeated.
	b.Run("sqldb", func(b *testing.B) {
		repo := sqldb.NewRepository[item]("items")
		outbox := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		b.ReportAllocs()
		for b.Loop() {
			n++
			err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				row := item{Name: fmt.Sprint("kit ", n), Price: 5}
				if err := repo.Create(b.Context(), tx, &row); err != nil {
					return err
				}
				return outbox.Add(b.Context(), tx, created(fmt.Sprint("kit", row.ID), 1))
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("database_sql", func(b *testing.B) {
		conns := bare(b, path)
		conns.SetMaxOpenConns(1)
		insertItem, err := conns.PrepareContext(b.Context(), `INSERT INTO items (name, price_minor, version, created_at) VALUES (?, ?, ?, ?) RETURNING id`)
		if err != nil {
			b.Fatal(err)
		}
		insertEvent, err := conns.PrepareContext(b.Context(), `INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			n++
			tx, err := conns.BeginTx(b.Context(), nil)
			if err != nil {
				b.Fatal(err)
			}
			item, event := tx.StmtContext(b.Context(), insertItem), tx.StmtContext(b.Context(), insertEvent) //nolint:sqlclosecheck // Commit does.
			var id int64
			must(b, item.QueryRowContext(b.Context(), fmt.Sprint("bare ", n), 5, 1, 0).Scan(&id))
			_, err = event.ExecContext(b.Context(), fmt.Sprint("bare", n), "order.created", fmt.Sprint("bare", id), 1, `{"n":1}`, "{}", 0)
			must(b, err)
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRelay is claiming, handing over and marking, a hundred events at a
// time, with a publisher that costs nothing.
func BenchmarkRelay(b *testing.B) {
	for _, e := range sqldbtest.Engines() {
		b.Run(e.Dialect.String(), func(b *testing.B) {
			db := e.Open(b)
			sqldbtest.Migrate(b, db, migrations())
			outbox := sqldb.NewOutbox(db, telemetry.Nop(), "order")
			must(b, db.Tx(b.Context(), func(tx *sqldb.Tx) error {
				for i := range b.N {
					must(b, outbox.Add(b.Context(), tx, created(fmt.Sprint(i), 1)))
				}
				return nil
			}))
			ended, cancel := context.WithCancel(b.Context())
			cancel()
			b.ResetTimer()
			must(b, sqldb.NewRelay(outbox, &broker{}, telemetry.Nop(), sqldb.With(sqldb.RelaySettings{Flush: time.Hour})).Run(ended))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
