package sql

import (
	"context"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

// OfUser as in ports.Archive. Ids grow with time, so the newest is the highest.
func (s *Store) OfUser(ctx context.Context, q ports.OfUser) (ports.List, error) {
	total, _, err := s.rows.Count(ctx, s.db, "user_id = ?", []any{q.UserID}, 0)
	if err != nil {
		return ports.List{}, err
	}
	if int64(q.Page.Skip) >= total {
		return ports.List{Total: total}, nil
	}
	rows, err := s.rows.List(ctx, s.db, sqldb.Query{
		Where: "user_id = ?", Args: []any{q.UserID}, OrderBy: "id DESC",
		Limit: q.Page.Limit, Offset: q.Page.Skip,
	})
	if err != nil {
		return ports.List{}, err
	}
	return ports.List{Notifications: notifications(rows), Total: total}, nil
}

// OfOrder as in ports.Archive.
func (s *Store) OfOrder(ctx context.Context, orderID int64) ([]domain.Notification, error) {
	rows, err := s.rows.List(ctx, s.db, sqldb.Query{Where: "order_id = ?", Args: []any{orderID}, OrderBy: "id"})
	if err != nil {
		return nil, err
	}
	return notifications(rows), nil
}
