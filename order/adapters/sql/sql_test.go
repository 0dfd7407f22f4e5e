package sql_test

import (
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
	"shop/order/adapters/idempotencytest"
	"shop/order/adapters/orderstest"
	"shop/order/adapters/sql"
	"shop/order/ports"
)

func TestOrders(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		orderstest.Run(t, func(t *testing.T) (ports.Orders, ports.Idempotency) {
			db := migrated(t, e)
			return sql.NewOrders(db, sqldb.NewOutbox(db, telemetry.Nop(), "order")), sql.NewKeys(db)
		})
	})
}

func TestIdempotency(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		idempotencytest.Run(t, func(t *testing.T) ports.Idempotency { return sql.NewKeys(migrated(t, e)) })
	})
}

func TestMigrations(t *testing.T) {
	sqldbtest.Migrations(t, sql.Migrations())
	sqldbtest.Outbox(t, sql.Migrations())
}

func migrated(t *testing.T, e sqldbtest.Engine) *sqldb.DB {
	t.Helper()
	db := e.Open(t)
	sqldbtest.Migrate(t, db, sql.Migrations())
	return db
}
