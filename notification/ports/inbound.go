// Package ports is what the notification service offers and what it needs.
package ports

import (
	"context"

	"shop/notification/domain"
)

// Notifier takes in news from the order service.
type Notifier interface {
	// Notify decides by which channels the user is told and records one
	// notification for each, exactly once for an event however often it is
	// delivered. Errors: Unavailable while the user service or the store is away;
	// nothing is recorded then.
	Notify(ctx context.Context, n domain.News) (Outcome, error)
}

// Outcome is what became of an event.
type Outcome string

// The outcomes of Notify.
const (
	Recorded   Outcome = "recorded"   // Its notifications are stored and will be delivered.
	Duplicate  Outcome = "duplicate"  // It had been handled before; nothing changed.
	Superseded Outcome = "superseded" // A newer event of the order had been handled; nobody is told.
)

// Reader answers questions about notifications.
type Reader interface {
	// OfUser returns a page of the user's notifications, newest first, and how
	// many the user has in all.
	OfUser(ctx context.Context, q OfUser) (List, error)
	// OfOrder returns every notification about an order, oldest first; none is no
	// error.
	OfOrder(ctx context.Context, orderID int64) ([]domain.Notification, error)
}

// OfUser asks for a page of a user's notifications.
type OfUser struct {
	UserID int64
	Page   domain.Page
}

// List is a page of notifications.
type List struct {
	Notifications []domain.Notification
	Total         int64 // Of all pages.
	Next          int   // How many to skip for the next page; 0 = this is the last.
}
