package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"shop/bench/bare"
	"shop/shop/rest"
)

// schema is where pgbench finds the copy of a service's database.
func schema(n int) string { return serviceName(n) + "_service" }

// preparePgbench places an order and copies the databases with it: pgbench places
// others like it, with an event of the same length.
func (s *enginesStage) preparePgbench(ctx context.Context) error {
	first := rest.At("127.0.0.1", s.base).Order.As(s.goods.token)
	if err := created(first.Post(ctx, "/orders", map[string]int64{"product_id": s.goods.products[0], "quantity": 1}))(nil); err != nil {
		return err
	}
	if err := s.calm(ctx); err != nil {
		return err
	}
	s.pgbench.URL = s.databaseURL("pgbench")
	for _, n := range []int{user, product, order} {
		if err := bare.CopyDatabase(ctx, s.databaseURL(databaseName(n)), s.pgbench.URL, schema(n)); err != nil {
			return err
		}
	}
	var buyer, session, payload, trace string
	if err := errors.Join(
		s.databases[user].QueryRowContext(ctx, `SELECT user_id, id FROM sessions`).Scan(&buyer, &session),
		s.databases[order].QueryRowContext(ctx, `SELECT payload, trace FROM outbox`).Scan(&payload, &trace),
	); err != nil {
		return err
	}
	s.pgbench.Variables = map[string]string{
		"buyer": buyer, "session": session, "payload": payload, "trace": trace,
		"products": strconv.Itoa(len(s.goods.products)), "now": strconv.FormatInt(time.Now().UnixMicro(), 10),
	}
	return nil
}

// checkPgbench makes sure that orders.sql writes to the tables that the services
// write to for an order: it must not fall behind them unseen.
func (s *enginesStage) checkPgbench(ctx context.Context) error {
	pgbench, err := sql.Open("postgres", s.pgbench.URL)
	if err != nil {
		return err
	}
	defer pgbench.Close()
	var ours, theirs int // Orders placed.
	if err := errors.Join(
		s.databases[order].QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&ours),
		pgbench.QueryRowContext(ctx, "SELECT count(*) FROM "+schema(order)+".orders").Scan(&theirs),
	); err != nil {
		return err
	}
	for _, n := range []int{user, product, order} {
		shop, err := written(ctx, s.databases[n], "public", ours)
		if err != nil {
			return err
		}
		reference, err := written(ctx, pgbench, schema(n), theirs)
		if err != nil {
			return err
		}
		if shop != reference {
			return fmt.Errorf("bench/bare/orders.sql is not what an order is: it writes to %q of %s, the service to %q", reference, serviceName(n), shop)
		}
	}
	return nil
}

// written returns the names of the tables of a schema that most of the orders
// have written to.
func written(ctx context.Context, db *sql.DB, schema string, orders int) (tables string, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(string_agg(relname, ', ' ORDER BY relname), '')
		FROM pg_stat_user_tables WHERE schemaname = $1 AND n_tup_ins + n_tup_upd > $2`, schema, orders/2).Scan(&tables)
	return tables, err
}
