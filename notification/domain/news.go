package domain

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"shop/kit/errs"
	"shop/kit/money"
)

// Type is a kind of event that users are told about.
type Type string

// The events of the order service that this service consumes.
const (
	OrderCreated       Type = "order.created"
	OrderStatusChanged Type = "order.status_changed"
)

// Status is an order's state as its events name it.
type Status string

// The states of an order.
const (
	Pending   Status = "pending"
	Confirmed Status = "confirmed"
	Shipped   Status = "shipped"
	Delivered Status = "delivered"
	Cancelled Status = "cancelled"
)

// maxProductName is the most that the product service accepts, in characters.
const maxProductName = 255

// identities keep an event id usable as it stands in an SMTP Message-ID and in an
// HTTP header: what a stranger puts into one can't start another header.
var identities = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// Order is what is told about an order.
type Order struct {
	ID        int64
	UserID    int64
	Product   string // Written by users: escape it, and expect line breaks.
	Quantity  int64
	UnitPrice money.Amount
	Total     money.Amount
	Status    Status
}

// News is one event about an order, checked: it can be told.
type News struct {
	EventID    string
	Type       Type
	Sequence   int64     // 1, 2, … per order; 0 where the publisher does not number its events.
	OccurredAt time.Time // UTC.
	Order      Order
	Trace      string // W3C traceparent of the event, "" if it has none.
}

// NewNews returns n, its product's name trimmed, if it can be told, else ErrNews
// with the first field at fault.
func NewNews(n News) (News, error) {
	n.Order.Product = strings.TrimSpace(strings.ReplaceAll(n.Order.Product, "\x00", "")) // No database keeps a NUL.
	rules := []struct {
		field string
		holds bool
		rule  string
	}{
		{"message_id", identities.MatchString(n.EventID), "string_pattern_mismatch"},
		{"event", n.Type == OrderCreated || n.Type == OrderStatusChanged, "enum"},
		{"sequence", n.Sequence >= 0, "greater_than_equal"},
		{"order_id", n.Order.ID >= 1, "greater_than_equal"},
		{"user_id", n.Order.UserID >= 1, "greater_than_equal"},
		{"product_name", n.Order.Product != "" && utf8.ValidString(n.Order.Product), "missing"},
		{"product_name", utf8.RuneCountInString(n.Order.Product) <= maxProductName, "string_too_long"},
		{"quantity", n.Order.Quantity >= 1, "greater_than_equal"},
		{"unit_price", n.Order.UnitPrice >= 0, "greater_than_equal"},
		{"total_price", n.Order.Total >= 0, "greater_than_equal"},
		{"status", n.Template() != "", "enum"},
	}
	for _, r := range rules {
		if !r.holds {
			return News{}, ErrNews.With("field", r.field).Wrap(errs.Violates(r.rule))
		}
	}
	return n, nil
}

// Template names the text that tells the news: "order_created",
// "order_confirmed", "order_shipped", "order_delivered" or "order_cancelled"; ""
// if there is none.
func (n News) Template() string { return templateOf(n.Type, n.Order.Status) }

func templateOf(t Type, s Status) string {
	switch {
	case t == OrderCreated && s.known():
		return "order_created"
	case t == OrderStatusChanged && s.known() && s != Pending:
		return "order_" + string(s)
	default:
		return ""
	}
}

func (s Status) known() bool {
	switch s {
	case Pending, Confirmed, Shipped, Delivered, Cancelled:
		return true
	default:
		return false
	}
}

// Superseded reports whether n need not be told any more when an event numbered
// known about the same order has been handled already: an older change of status
// would contradict what the user was told since. The creation of an order is told
// however late it arrives: it confirms the order itself.
func (n News) Superseded(known int64) bool {
	return n.Type == OrderStatusChanged && n.Sequence > 0 && n.Sequence < known
}
