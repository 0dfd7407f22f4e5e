package sql_test

import (
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"

	"shop/product/adapters/bus"
	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
	"shop/product/domain"
)

// BenchmarkReserve is the transaction of a reservation beside its two statements
// and their commit run bare on the same database.
func BenchmarkReserve(b *testing.B) {
	db := sqldbtest.Open(b, sql.Migrations())
	p, err := sql.NewProducts(db).Add(b.Context(), domain.NewProduct(storetest.Draft(b, "Laptop", "1", domain.MaxQuantity), now))
	if err != nil {
		b.Fatal(err)
	}
	reservations := sql.NewReservations(db, sqldb.NewInbox(), bus.Queue)
	b.Run("port", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := reservations.Reserve(b.Context(), storetest.Claim(p.ID, 1), now, ttl); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		ctx := b.Context()
		for b.Loop() {
			c := storetest.Claim(p.ID, 1)
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				if _, err := tx.Exec(ctx, `UPDATE products SET quantity = quantity - 1 WHERE id = ? AND quantity >= 1`, int64(p.ID)); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, `INSERT INTO reservations VALUES (?, ?, 1, 'Laptop', 100, 'open', 0, 0, 0, 0, NULL)`, c.ID.String(), int64(p.ID))
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	db := sqldbtest.Open(b, sql.Migrations())
	products := sql.NewProducts(db)
	p, err := products.Add(b.Context(), domain.NewProduct(storetest.Draft(b, "Laptop", "1", 5), now))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := products.Get(b.Context(), p.ID); err != nil {
			b.Fatal(err)
		}
	}
}
