package app

import (
	"context"
	"fmt"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Reader shows notifications; see ports.Reader.
type Reader struct{ archive ports.Archive }

var _ ports.Reader = (*Reader)(nil)

// NewReader returns a Reader of archive.
func NewReader(archive ports.Archive) *Reader { return &Reader{archive: archive} }

// OfUser returns a page of the user's notifications.
func (r *Reader) OfUser(ctx context.Context, q ports.OfUser) (ports.List, error) {
	list, err := r.archive.OfUser(ctx, q)
	if err != nil {
		return ports.List{}, fmt.Errorf("list notifications of user %d: %w", q.UserID, err)
	}
	if next := q.Page.Skip + len(list.Notifications); len(list.Notifications) > 0 && int64(next) < list.Total {
		list.Next = next
	}
	return list, nil
}

// OfOrder returns every notification about an order.
func (r *Reader) OfOrder(ctx context.Context, orderID int64) ([]domain.Notification, error) {
	all, err := r.archive.OfOrder(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("list notifications about order %d: %w", orderID, err)
	}
	return all, nil
}
