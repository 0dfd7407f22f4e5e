// Package bare runs the SQL of an order with nothing around it: what the
// database allows, for comparison with POST /orders. On SQLite that is a few
// lines of database/sql, on PostgreSQL it is pgbench.
package bare

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // The driver.
)

// Databases are SQLite files with the schema of the services: copies of what a
// shop has made, so that tables and indexes are the same.
type Databases struct{ User, Product, Order string }

const pragmas = "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=cache_size(-4096)&_pragma=mmap_size(134217728)"

// Orders places orders for product from clients goroutines for d and returns how
// many a second: the look at the buyer, then the transaction that takes the
// stock, then the one that stores order, reservation, history and event.
func Orders(ctx context.Context, files Databases, product int64, clients int, d time.Duration) (float64, error) {
	s, err := open(files)
	if err != nil {
		return 0, err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var (
		placed atomic.Int64
		group  sync.WaitGroup
		failed = make(chan error, clients)
	)
	began := time.Now()
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := s.place(product); err != nil {
					failed <- err
					return
				}
				placed.Add(1)
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	close(failed)
	return float64(placed.Load()) / took.Seconds(), <-failed
}

type store struct {
	users, products, orders            *sql.DB
	buyer                              *sql.Stmt
	take, claim                        *sql.Stmt
	order, reservation, history, event *sql.Stmt
}

func open(files Databases) (s *store, err error) {
	s = &store{}
	prepare := func(db *sql.DB, query string) *sql.Stmt {
		if err != nil {
			return nil
		}
		var stmt *sql.Stmt
		if stmt, err = db.Prepare(query); err != nil {
			err = fmt.Errorf("prepare %q: %w", query, err)
		}
		return stmt
	}
	connect := func(path string, conns int) *sql.DB {
		if err != nil {
			return nil
		}
		var db *sql.DB
		if db, err = sql.Open("sqlite", "file:"+path+pragmas); err == nil {
			db.SetMaxOpenConns(conns)
		}
		return db
	}
	s.users, s.products, s.orders = connect(files.User, 4), connect(files.Product, 1), connect(files.Order, 1)
	if err != nil {
		return nil, err
	}
	s.buyer = prepare(s.users, `SELECT username FROM users WHERE id = ?`)
	s.take = prepare(s.products, `UPDATE products SET quantity = quantity - ?, updated_at = ?, version = version + 1
		WHERE id = ? AND quantity >= ?
		RETURNING id, name, name_folded, description, price_minor, quantity, created_at, updated_at, version`)
	s.claim = prepare(s.products, `INSERT INTO reservations (id, product_id, quantity, product_name, unit_price_minor, state, created_at, expires_at, due_at, attempts)
		VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, 0)`)
	s.order = prepare(s.orders, `INSERT INTO orders (user_id, product_id, product_name, quantity, unit_price_minor, total_price_minor, status, reservation_id, created_at, updated_at, version)
		VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, 1) RETURNING id`)
	s.reservation = prepare(s.orders, `INSERT INTO reservations (id, outcome, order_id, decided_at) VALUES (?, 'ordered', ?, ?)`)
	s.history = prepare(s.orders, `INSERT INTO order_history (order_id, sequence, status, at, trace_id) VALUES (?, 1, 'pending', ?, ?)`)
	s.event = prepare(s.orders, `INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at) VALUES (?, 'order.created', ?, 1, ?, ?, ?)`)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *store) close() {
	for _, db := range []*sql.DB{s.users, s.products, s.orders} {
		_ = db.Close()
	}
}

func (s *store) place(product int64) error {
	var username string
	if err := s.buyer.QueryRow(1).Scan(&username); err != nil {
		return fmt.Errorf("look at the buyer: %w", err)
	}
	reservation := uuid.Must(uuid.NewV7()).String()
	name, price, err := s.reserve(product, reservation)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	return s.add(product, reservation, name, price)
}

func (s *store) reserve(product int64, reservation string) (name string, price int64, err error) {
	err = in(s.products, func(tx *sql.Tx) error {
		now := time.Now().UnixMicro()
		var id, quantity, created, updated, version int64
		var folded string
		var description sql.NullString
		if err := tx.Stmt(s.take).QueryRow(1, now, product, 1).Scan(
			&id, &name, &folded, &description, &price, &quantity, &created, &updated, &version); err != nil {
			return err
		}
		_, err := tx.Stmt(s.claim).Exec(reservation, product, 1, name, price, now, now+60e6, now+60e6)
		return err
	})
	return name, price, err
}

func (s *store) add(product int64, reservation, name string, price int64) error {
	return in(s.orders, func(tx *sql.Tx) error {
		now := time.Now().UnixMicro()
		trace := uuid.NewString()
		var id int64
		if err := tx.Stmt(s.order).QueryRow(1, product, name, 1, price, price, reservation, now, now).Scan(&id); err != nil {
			return err
		}
		if _, err := tx.Stmt(s.reservation).Exec(reservation, id, now); err != nil {
			return err
		}
		if _, err := tx.Stmt(s.history).Exec(id, now, trace); err != nil {
			return err
		}
		payload := fmt.Sprintf(`{"order_id":%d,"user_id":1,"product_id":%d,"product_name":%q,"quantity":1,"unit_price":%d.00,"total_price":%d.00,"status":"pending","sequence":1,"reservation_id":%q}`,
			id, product, name, price/100, price/100, reservation)
		_, err := tx.Stmt(s.event).Exec(uuid.Must(uuid.NewV7()).String(), fmt.Sprint(id), payload, `{"traceparent":"`+trace+`"}`, now)
		return err
	})
}

func in(db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
