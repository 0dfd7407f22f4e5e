package sql_test

import (
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"

	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		db := sqldbtest.Open(t, sql.Migrations())
		return storetest.Store{
			Products:     sql.NewProducts(db),
			Reservations: sql.NewReservations(db, sqldb.NewInbox(), "product_stock"),
		}
	})
}
