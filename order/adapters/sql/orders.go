// Package sql keeps orders, their history, their events and the idempotency keys
// of their buyers in one database: PostgreSQL or SQLite.
package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

// Orders implements ports.Orders on a database.
type Orders struct {
	db           *sqldb.DB
	outbox       *sqldb.Outbox
	rows         sqldb.Repository[order]
	reservations sqldb.Repository[reservation]
	history      sqldb.Repository[step]
	additions    *sqldb.GroupCommit[*addition]
}

var _ ports.Orders = (*Orders)(nil)

// NewOrders returns the orders in db, whose schema is migrated. Their events go
// into outbox, which is in db.
func NewOrders(db *sqldb.DB, outbox *sqldb.Outbox) *Orders {
	s := &Orders{
		db: db, outbox: outbox,
		rows:         sqldb.NewRepository[order]("orders", sqldb.Immutable("created_at")),
		reservations: sqldb.NewRepository[reservation]("reservations"),
		history:      sqldb.NewRepository[step]("order_history", sqldb.Key("sequence")),
	}
	s.additions = sqldb.NewGroupCommit(db, "orders", s.add)
	return s
}

// addition is an order on its way into the database.
type addition struct {
	order    domain.Order
	announce ports.Announce
	attempt  *ports.Attempt

	added domain.Order
}

// Add is one transaction, and the only write of a request without a key. Orders
// that come at about the same time share it.
func (s *Orders) Add(ctx context.Context, o domain.Order, announce ports.Announce, a *ports.Attempt) (domain.Order, error) {
	adding := &addition{order: o, announce: announce, attempt: a}
	if err := s.additions.Do(ctx, adding); err != nil {
		return domain.Order{}, gone(err)
	}
	return adding.added, nil
}

func (s *Orders) add(ctx context.Context, tx *sqldb.Tx, group []sqldb.Member[*addition]) error {
	rows := make([]order, len(group))
	for i, m := range group {
		rows[i] = orderRow(m.Item.order)
	}
	if err := s.rows.CreateAll(ctx, tx, rows); err != nil {
		return err
	}
	var writes []sqldb.Write
	for i, m := range group {
		m.Item.added = m.Item.order.Stored(domain.OrderID(rows[i].ID))
		told, err := s.tell(m.Context, tx, m.Item.added, rows[i].Status, m.Item.announce) //nolint:contextcheck // Each has its own trace.
		if err != nil {
			return err
		}
		writes = append(append(writes, s.reserved(rows[i])), told...)
	}
	if err := tx.Together(ctx, writes...); err != nil {
		return err
	}
	for i, m := range group {
		if m.Item.attempt == nil {
			continue
		}
		if err := finish(m.Context, tx, *m.Item.attempt, outcome{Order: &rows[i]}); err != nil { //nolint:contextcheck // As above.
			return err
		}
	}
	return nil
}

// reserved notes that the reservation has become an order.
func (s *Orders) reserved(o order) sqldb.Write {
	return s.reservations.Creation(reservation{ID: o.ReservationID, Outcome: ordered, OrderID: &o.ID, DecidedAt: o.CreatedAt})
}

// gone gives a reservation that has been decided about the domain's name.
func gone(err error) error {
	var d *sqldb.Duplicate
	if errors.As(err, &d) && d.Table == "reservations" {
		return domain.ErrReservationGone.Wrap(err)
	}
	return err
}

// tell returns the writes of a change into history and outbox.
func (s *Orders) tell(ctx context.Context, tx *sqldb.Tx, o domain.Order, status string, announce ports.Announce) ([]sqldb.Write, error) {
	e, err := announce(o)
	if err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	events, err := s.outbox.Additions(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	snapshot := o.Snapshot()
	return append(events, s.history.Creation(step{
		OrderID: int64(snapshot.ID), Sequence: snapshot.Sequence, Status: status,
		At: sqldb.From(snapshot.UpdatedAt), TraceID: telemetry.TraceID(ctx),
	})), nil
}

// change tells of o in the transaction that changes it.
func (s *Orders) change(ctx context.Context, tx *sqldb.Tx, o domain.Order, status string, announce ports.Announce) error {
	told, err := s.tell(ctx, tx, o, status, announce)
	if err != nil {
		return err
	}
	return tx.Together(ctx, told...)
}

func (s *Orders) Get(ctx context.Context, id domain.OrderID) (domain.Order, error) {
	row, err := s.rows.Get(ctx, s.db, int64(id))
	if errors.Is(err, sqldb.ErrNotFound) {
		return domain.Order{}, domain.NotFound(id)
	}
	if err != nil {
		return domain.Order{}, err
	}
	return row.domain()
}

func (s *Orders) List(ctx context.Context, owner domain.UserID, l ports.List, ceiling int64) (page ports.Page, err error) {
	where, args, limit := "user_id = ?", []any{int64(owner)}, int64(0)
	if l.Status != nil {
		where, args, limit = where+" AND status = ?", append(args, string(*l.Status)), ceiling
	}
	if page.Total, page.Exact, err = s.rows.Count(ctx, s.db, where, args, limit); err != nil {
		return ports.Page{}, err
	}
	rows, err := s.rows.List(ctx, s.db, sqldb.Query{
		Where: where, Args: args, OrderBy: "id DESC", Limit: l.Limit, Offset: l.Skip,
	})
	if err != nil {
		return ports.Page{}, err
	}
	page.Orders = make([]domain.Order, len(rows))
	for i, row := range rows {
		if page.Orders[i], err = row.domain(); err != nil {
			return ports.Page{}, err
		}
	}
	return page, nil
}

func (s *Orders) Update(ctx context.Context, o domain.Order, announce ports.Announce) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		row := orderRow(o)
		row.Version-- // What must be stored; the repository sets the next one.
		if err := s.rows.Update(ctx, tx, &row); err != nil {
			return stale(err)
		}
		return s.change(ctx, tx, o, row.Status, announce)
	})
}

func (s *Orders) Remove(ctx context.Context, o domain.Order, announce ports.Announce) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		row := orderRow(o)
		n, err := tx.Exec(ctx, `DELETE FROM orders WHERE id = ? AND version = ?`, row.ID, row.Version-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return ports.ErrStale
		}
		return s.change(ctx, tx, o, ports.Deleted, announce)
	})
}

// stale gives a row that is not as it was read, or not there, the port's name.
func stale(err error) error {
	if errors.Is(err, sqldb.ErrStale) || errors.Is(err, sqldb.ErrNotFound) {
		return ports.ErrStale
	}
	return err
}

// Settle reads first: most reservations have become orders, and reading waits
// for nobody.
func (s *Orders) Settle(ctx context.Context, id domain.ReservationID, now time.Time) (domain.Decision, error) {
	row, err := s.reservations.Get(ctx, s.db, string(id))
	if err == nil || !errors.Is(err, sqldb.ErrNotFound) {
		return row.decision(), err
	}
	n, err := s.db.Exec(ctx, `INSERT INTO reservations (id, outcome, order_id, decided_at) VALUES (?, ?, NULL, ?)
		ON CONFLICT (id) DO NOTHING`, string(id), abandoned, sqldb.From(now))
	if err != nil {
		return "", fmt.Errorf("abandon reservation: %w", err)
	}
	if n == 1 {
		return domain.Abandoned, nil
	}
	row, err = s.reservations.Get(ctx, s.db, string(id)) // Somebody was faster.
	return row.decision(), err
}
