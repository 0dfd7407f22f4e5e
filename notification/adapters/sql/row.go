package sql

import (
	"time"

	"shop/kit/money"
	"shop/kit/sqldb"
	"shop/notification/domain"
)

// row is a line of the table notifications.
type row struct {
	ID         int64          `db:"id"`
	EventID    string         `db:"event_id"`
	Event      domain.Type    `db:"event"`
	OccurredAt sqldb.Micros   `db:"occurred_at"`
	OrderID    int64          `db:"order_id"`
	UserID     int64          `db:"user_id"`
	Product    string         `db:"product_name"`
	Quantity   int64          `db:"quantity"`
	UnitPrice  money.Amount   `db:"unit_price_minor"`
	Total      money.Amount   `db:"total_price_minor"`
	Status     domain.Status  `db:"status"`
	Channel    domain.Channel `db:"channel"`
	Recipient  string         `db:"recipient"`
	Locale     domain.Locale  `db:"locale"`
	Trace      string         `db:"trace"`
	State      domain.State   `db:"state"`
	Attempts   int            `db:"attempts"`
	Reason     string         `db:"reason"`
	DueAt      sqldb.Micros   `db:"due_at"`
	CreatedAt  sqldb.Micros   `db:"created_at"`
	SentAt     *sqldb.Micros  `db:"sent_at"`
}

// columns are row's by name: a newer replica's migration may add others.
const columns = `notifications.id, event_id, event, occurred_at, order_id, user_id, product_name, quantity,
	unit_price_minor, total_price_minor, status, channel, recipient, locale, trace, state, attempts, reason,
	due_at, created_at, sent_at`

func rowOf(n domain.Notification) row {
	return row{
		ID: n.ID, EventID: n.EventID, Event: n.Event, OccurredAt: sqldb.From(n.OccurredAt),
		OrderID: n.Order.ID, UserID: n.Order.UserID, Product: n.Order.Product, Quantity: n.Order.Quantity,
		UnitPrice: n.Order.UnitPrice, Total: n.Order.Total, Status: n.Order.Status,
		Channel: n.Channel, Recipient: n.Recipient, Locale: n.Locale, Trace: n.Trace,
		State: n.State, Attempts: n.Attempts, Reason: n.Reason,
		DueAt: sqldb.From(n.DueAt), CreatedAt: sqldb.From(n.CreatedAt), SentAt: micros(n.SentAt),
	}
}

// notification is the way back from storage.
func (r row) notification() domain.Notification {
	n := domain.Notification{
		ID: r.ID, EventID: r.EventID, Event: r.Event, OccurredAt: r.OccurredAt.Time(),
		Order: domain.Order{
			ID: r.OrderID, UserID: r.UserID, Product: r.Product, Quantity: r.Quantity,
			UnitPrice: r.UnitPrice, Total: r.Total, Status: r.Status,
		},
		Channel: r.Channel, Recipient: r.Recipient, Locale: r.Locale, Trace: r.Trace,
		State: r.State, Attempts: r.Attempts, Reason: r.Reason,
		DueAt: r.DueAt.Time(), CreatedAt: r.CreatedAt.Time(),
	}
	if r.SentAt != nil {
		n.SentAt = r.SentAt.Time()
	}
	return n
}

func notifications(rows []row) []domain.Notification {
	all := make([]domain.Notification, len(rows))
	for i, r := range rows {
		all[i] = r.notification()
	}
	return all
}

// micros returns the column of a moment that may not have come yet.
func micros(t time.Time) *sqldb.Micros {
	if t.IsZero() {
		return nil
	}
	m := sqldb.From(t)
	return &m
}
