package sql

import (
	"context"
	"time"

	"shop/kit/sqldb"

	"shop/product/domain"
)

func (s *Reservations) Confirm(ctx context.Context, id domain.ReservationID) error {
	_, err := s.db.Exec(ctx, `UPDATE reservations SET state = 'confirmed' WHERE id = ? AND state = 'open'`, id.String())
	return err
}

// Close passes over a released reservation, which may be purged already.
func (s *Reservations) Close(ctx context.Context, id domain.ReservationID, purgeAt time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE reservations SET state = 'confirmed', purge_at = ?
		WHERE id = ? AND purge_at IS NULL`, sqldb.From(purgeAt), id.String())
	return err
}

// Due takes the write lock only if there is something to do.
func (s *Reservations) Due(ctx context.Context, now time.Time, limit int) ([]domain.Reservation, error) {
	rows, err := s.rows.List(ctx, s.db, sqldb.Query{
		Where: `state = 'open' AND due_at <= ?`, Args: []any{sqldb.From(now)}, OrderBy: "due_at, id", Limit: limit,
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var due []domain.Reservation
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		due = due[:0]
		for _, row := range rows {
			r, err := row.domain()
			if err != nil {
				return err
			}
			asked := r.Asked(now)
			// Whoever moves due_at first has it; the others find nothing to move.
			n, err := tx.Exec(ctx, `UPDATE reservations SET due_at = ?, attempts = ? WHERE id = ? AND due_at = ? AND state = 'open'`,
				sqldb.From(asked.DueAt), asked.Attempts, row.ID, row.DueAt)
			if err != nil {
				return err
			}
			if n == 1 {
				due = append(due, asked)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return due, nil
}

func (s *Reservations) Purge(ctx context.Context, now, seen time.Time, limit int) (int, error) {
	if _, err := s.inbox.Purge(ctx, s.db, seen); err != nil {
		return 0, err
	}
	n, err := s.db.Exec(ctx, `DELETE FROM reservations WHERE id IN
		(SELECT id FROM reservations WHERE purge_at <= ? ORDER BY purge_at LIMIT ?)`, sqldb.From(now), limit)
	return int(n), err
}
