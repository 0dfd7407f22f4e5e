package sql_test

import (
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"

	"shop/product/adapters/bus"
	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
)

func TestStore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		storetest.Run(t, func(t *testing.T) storetest.Store {
			db := e.Open(t)
			sqldbtest.Migrate(t, db, sql.Migrations())
			return storetest.Store{
				Products:     sql.NewProducts(db),
				Reservations: sql.NewReservations(db, sqldb.NewInbox(), bus.Queue),
			}
		})
	})
}

func TestMigrations(t *testing.T) {
	sqldbtest.Migrations(t, sql.Migrations())
	sqldbtest.Inbox(t, sql.Migrations())
}
