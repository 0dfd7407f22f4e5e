package app

import (
	"context"

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
	return r.archive.OfUser(ctx, q)
}

// OfOrder returns every notification about an order.
func (r *Reader) OfOrder(ctx context.Context, orderID int64) ([]domain.Notification, error) {
	return r.archive.OfOrder(ctx, orderID)
}
