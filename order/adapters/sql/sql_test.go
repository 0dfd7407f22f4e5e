package sql_test

import (
	"os"
	"strings"
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
	orderstest.Run(t, func(t *testing.T) (ports.Orders, ports.Idempotency) {
		db := sqldbtest.Open(t, sql.Migrations())
		return sql.NewOrders(db, sqldb.NewOutbox(db, telemetry.Nop(), "order")), sql.NewKeys(db)
	})
}

func TestIdempotency(t *testing.T) {
	idempotencytest.Run(t, func(t *testing.T) ports.Idempotency {
		return sql.NewKeys(sqldbtest.Open(t, sql.Migrations()))
	})
}

// TestOutboxSchema compares the copies in the migrations with the kit's.
func TestOutboxSchema(t *testing.T) {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		text, err := os.ReadFile("migrations/" + d.Folder() + "/00001_orders.sql")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), sqldb.OutboxSchema(d)) {
			t.Errorf("the outbox of %s is not that of sqldb.OutboxSchema", d)
		}
	}
}
