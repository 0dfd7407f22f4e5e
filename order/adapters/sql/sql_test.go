package sql_test

import (
	"fmt"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
	"shop/order/adapters/idempotencytest"
	"shop/order/adapters/orderstest"
	"shop/order/adapters/sql"
	"shop/order/domain"
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

// TestRoundTrips counts how often a request waits for PostgreSQL.
func TestRoundTrips(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // There is no network.
		}
		ctx, url := t.Context(), e.URL(t)
		wire := sqldbtest.NewWire(t, url)
		db := sqldbtest.OpenURL(t, wire.URL, nil)
		sqldbtest.Migrate(t, db, sql.Migrations())
		orders, keys := sql.NewOrders(db, sqldb.NewOutbox(db, telemetry.Nop(), "order")), sql.NewKeys(db)

		changed := func(o domain.Order) (event.Event, error) {
			return event.Event{Type: "order.status_changed", Key: fmt.Sprint(o.Snapshot().ID), Sequence: 2, Data: []byte(payload)}, nil
		}
		for round := range 2 { // In the first the statements are prepared.
			var o domain.Order
			var a ports.Attempt
			keyed := phones(t)
			r := keyed.Snapshot().Reservation
			for _, step := range []struct {
				name string
				want int64
				do   func() error
			}{
				// Begin; order; reservation, history and event; commit.
				{"place", 4, func() (err error) { o, err = orders.Add(ctx, phones(t), announce, nil); return err }},
				{"read", 1, func() error { _, err := orders.Get(ctx, o.Snapshot().ID); return err }},
				{"list", 2, func() error { _, err := orders.List(ctx, 7, ports.List{Limit: 20}, 100); return err }},
				{"settle", 1, func() error { _, err := orders.Settle(ctx, o.Snapshot().Reservation, time.Now()); return err }},
				// Begin; order; history and event; commit.
				{"change", 4, func() error { return orders.Update(ctx, confirmed(t, o), changed) }},
				{"present a key", 2, func() (err error) {
					a, _, err = keys.Present(ctx, ports.Presentation{User: 7, Key: domain.IdempotencyKey(r), Reservation: r, At: time.Now()})
					return err
				}},
				{"place with a key", 5, func() error { _, err := orders.Add(ctx, keyed, announce, &a); return err }},
			} {
				wire.RoundTrips()
				if err := step.do(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if got := wire.RoundTrips(); round > 0 && got != step.want {
					t.Errorf("%s: %d round trips, want %d", step.name, got, step.want)
				}
			}
		}
	})
}

func confirmed(t *testing.T, o domain.Order) domain.Order {
	t.Helper()
	o, err := o.Become(domain.Confirmed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return o
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
