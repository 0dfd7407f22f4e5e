package sql_test

import (
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
	"shop/order/adapters/sql"
	"shop/order/domain"
	"shop/order/ports"
)

// BenchmarkAdd stores an order with its event through the adapter, and by the
// same statements prepared on database/sql: one transaction each.
func BenchmarkAdd(b *testing.B) {
	b.Run("adapter", func(b *testing.B) {
		db := sqldbtest.Open(b, sql.Migrations())
		orders := sql.NewOrders(db, sqldb.NewOutbox(db, telemetry.Nop(), "order"))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := orders.Add(b.Context(), phones(b), announce, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("adapter with a key", func(b *testing.B) {
		db := sqldbtest.Open(b, sql.Migrations())
		orders, keys := sql.NewOrders(db, sqldb.NewOutbox(db, telemetry.Nop(), "order")), sql.NewKeys(db)
		b.ReportAllocs()
		for b.Loop() {
			o := phones(b)
			a, _, err := keys.Present(b.Context(), ports.Presentation{
				User: 7, Key: domain.IdempotencyKey(o.Snapshot().Reservation), Reservation: o.Snapshot().Reservation, At: time.Now(),
			})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := orders.Add(b.Context(), o, announce, &a); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		bare := openBare(b)
		b.ReportAllocs()
		for b.Loop() {
			bare.add(b, phones(b).Snapshot())
		}
	})
}

func phones(t testing.TB) domain.Order {
	t.Helper()
	o, err := domain.Place(7, 42, 3, domain.Reserved{
		ID: domain.ReservationID(uuid.Must(uuid.NewV7()).String()), ProductName: "Điện thoại Galaxy S30", UnitPrice: 2_400_000_000,
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const payload = `{"order_id":1,"user_id":7,"product_id":42,"product_name":"Điện thoại Galaxy S30","quantity":3,"unit_price":24000000.00,"total_price":72000000.00,"status":"pending"}`

func announce(o domain.Order) (event.Event, error) {
	return event.Event{Type: "order.created", Key: fmt.Sprint(o.Snapshot().ID), Sequence: 1, OccurredAt: o.Snapshot().CreatedAt, Data: []byte(payload)}, nil
}

// bare is what a few lines of database/sql would be.
type bare struct {
	db                                   *stdsql.DB
	order, reservation, history, message *stdsql.Stmt
}

func openBare(b *testing.B) bare {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.db")
	sqldbtest.Migrate(b, sqldbtest.OpenURL(b, sqldbtest.FileURL(path), nil), sql.Migrations())
	db, err := stdsql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	prepare := func(query string) *stdsql.Stmt {
		stmt, err := db.PrepareContext(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		return stmt
	}
	return bare{
		db: db,
		order: prepare(`INSERT INTO orders (user_id, product_id, product_name, quantity, unit_price_minor, total_price_minor, status, reservation_id, created_at, updated_at, version)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id`),
		reservation: prepare(`INSERT INTO reservations (id, outcome, order_id, decided_at) VALUES (?, 'ordered', ?, ?)`),
		history:     prepare(`INSERT INTO order_history (order_id, sequence, status, at, trace_id) VALUES (?, 1, 'pending', ?, '')`),
		message:     prepare(`INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at) VALUES (?, 'order.created', ?, 1, ?, '{}', ?)`),
	}
}

func (s bare) add(b *testing.B, o domain.Snapshot) {
	tx, err := s.db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // Nothing, once it is committed.
	at := o.CreatedAt.UnixMicro()
	var id int64
	order := tx.Stmt(s.order) //nolint:sqlclosecheck // The transaction closes it.
	if err := order.QueryRow(int64(o.UserID), int64(o.ProductID), o.ProductName, int64(o.Quantity), int64(o.UnitPrice),
		int64(o.Total), string(o.Status), string(o.Reservation), at, at).Scan(&id); err != nil {
		b.Fatal(err)
	}
	for _, insert := range []struct {
		stmt *stdsql.Stmt
		args []any
	}{
		{s.reservation, []any{string(o.Reservation), id, at}},
		{s.history, []any{id, at}},
		{s.message, []any{uuid.Must(uuid.NewV7()).String(), fmt.Sprint(id), payload, at}},
	} {
		stmt := tx.Stmt(insert.stmt) //nolint:sqlclosecheck // The transaction closes it.
		if _, err := stmt.Exec(insert.args...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
