package http

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"shop/kit/web"
	"shop/notification/domain"
	"shop/notification/ports"
)

// timeLayout is RFC 3339 in UTC with microseconds.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// notification is a notification as its user sees it.
type notification struct {
	ID        int64          `json:"id"`
	EventID   string         `json:"event_id"`
	Event     domain.Type    `json:"event"`
	OrderID   int64          `json:"order_id"`
	Channel   domain.Channel `json:"channel"`
	State     domain.State   `json:"state"`
	Attempts  int            `json:"attempts"`
	Reason    *string        `json:"reason"` // null where nothing failed.
	CreatedAt string         `json:"created_at"`
	SentAt    *string        `json:"sent_at"` // null unless sent.
}

func notificationOf(n domain.Notification) notification {
	wire := notification{
		ID: n.ID, EventID: n.EventID, Event: n.Event, OrderID: n.Order.ID, Channel: n.Channel,
		State: n.State, Attempts: n.Attempts, CreatedAt: instant(n.CreatedAt),
	}
	if n.Reason != "" {
		wire.Reason = &n.Reason
	}
	if !n.SentAt.IsZero() {
		at := instant(n.SentAt)
		wire.SentAt = &at
	}
	return wire
}

func instant(t time.Time) string { return t.UTC().Format(timeLayout) }

func decodeList(r *http.Request) (p domain.Page, err error) {
	f := web.Query(r)
	p.Skip, p.Limit = web.Paging(f)
	return p, f.Err()
}

func encodeList(l ports.List) web.Reply {
	body := make([]notification, len(l.Notifications))
	for i, n := range l.Notifications {
		body[i] = notificationOf(n)
	}
	more := &web.Page{Total: l.Total, Exact: true}
	if l.Next > 0 {
		more.Next = url.Values{"skip": {strconv.Itoa(l.Next)}}.Encode()
	}
	return web.Reply{Body: body, Page: more}
}
