// Package operator is what the person on duty asks a running shop: what became
// of an order, which messages were given up, and to keep events back for a while. It talks to the services'
// admin ports only, never to a service's database.
package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"shop/shop/rest"
)

// PortDistance is how far a service's admin port is above its public one in a
// shop that runs in one place.
const PortDistance = 1000

// Admin is the admin ports that keep something for the operator.
type Admin struct {
	Product, Order, Notification rest.Client
}

// At returns the admin ports on host of a shop whose admin ports start at
// port: the services' ports are in the order user, product, order, notification.
func At(host string, port int) Admin {
	door := func(n int) rest.Client { return rest.Client{Base: "http://" + host + ":" + strconv.Itoa(port+n)} }
	return Admin{Product: door(1), Order: door(2), Notification: door(3)}
}

// ErrNoOrder says that the order service knows nothing of that id.
var ErrNoOrder = errors.New("no such order")

// OrderReport is everything that the services remember of one order.
type OrderReport struct {
	Order       *rest.Order `json:"order"` // nil after it was deleted.
	Reservation struct {
		ID      string `json:"reservation_id"`
		Outcome string `json:"outcome"`
	} `json:"reservation"`
	History []struct {
		Status  string    `json:"status"`
		At      time.Time `json:"at"`
		TraceID string    `json:"trace_id"`
	} `json:"history"`
	Events []struct {
		ID         string     `json:"id"`
		Type       string     `json:"type"`
		Sequence   int64      `json:"sequence"`
		OccurredAt time.Time  `json:"occurred_at"`
		SentAt     *time.Time `json:"sent_at"`
		TraceID    string     `json:"trace_id"`
	} `json:"events"`
	Notifications []Notification `json:"-"`
}

// Notification is one attempt to tell a buyer, as the notification service keeps it.
type Notification struct {
	ID        int64      `json:"id"`
	EventID   string     `json:"event_id"`
	Event     string     `json:"event"`
	Channel   string     `json:"channel"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	Reason    *string    `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at"`
	TraceID   string     `json:"trace_id"`
}

// Report returns what is known of the order id; ErrNoOrder if there never was one.
func (a Admin) Report(ctx context.Context, id int64) (OrderReport, error) {
	var r OrderReport
	answer, err := a.Order.Get(ctx, "/admin/orders/"+strconv.FormatInt(id, 10))
	if err != nil {
		return r, fmt.Errorf("order's admin port: %w", err)
	}
	if answer.Status == http.StatusNotFound {
		return r, ErrNoOrder
	}
	if err := into(answer, &r); err != nil {
		return r, fmt.Errorf("order's admin port: %w", err)
	}
	answer, err = a.Notification.Get(ctx, "/admin/notifications?order_id="+strconv.FormatInt(id, 10))
	if err != nil {
		return r, fmt.Errorf("notification's admin port: %w", err)
	}
	if err := into(answer, &r.Notifications); err != nil {
		return r, fmt.Errorf("notification's admin port: %w", err)
	}
	return r, nil
}

// DeadLetter is a message that a consumer gave up.
type DeadLetter struct {
	Queue    string          `json:"queue"`
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Key      string          `json:"key"`
	Attempts int             `json:"attempts"`
	Reason   string          `json:"reason"`
	DeadAt   time.Time       `json:"dead_at"`
	TraceID  string          `json:"trace_id"`
	Data     json.RawMessage `json:"data"`
}

// queues are the queues with dead letters and who keeps them.
func (a Admin) queues() []struct {
	name string
	door rest.Client
} {
	return []struct {
		name string
		door rest.Client
	}{{"order_notifications", a.Notification}, {"product_stock", a.Product}}
}

// DeadLetters lists the dead letters of every queue, oldest first within each.
func (a Admin) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	var all []DeadLetter
	for _, q := range a.queues() {
		answer, err := q.door.Get(ctx, "/admin/dead-letters")
		if err != nil {
			return nil, fmt.Errorf("dead letters of %s: %w", q.name, err)
		}
		var list []DeadLetter
		if err := into(answer, &list); err != nil {
			return nil, fmt.Errorf("dead letters of %s: %w", q.name, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// Replay puts dead letters back into their queues: those with these ids, or all
// of queue when none are named. It returns how many.
func (a Admin) Replay(ctx context.Context, queue string, ids ...string) (int, error) {
	for _, q := range a.queues() {
		if q.name != queue {
			continue
		}
		if ids == nil {
			ids = []string{}
		}
		answer, err := q.door.Post(ctx, "/admin/dead-letters/replay", map[string]any{"ids": ids})
		if err != nil {
			return 0, fmt.Errorf("replay %s: %w", queue, err)
		}
		var body struct{ Replayed int }
		return body.Replayed, into(answer, &body)
	}
	return 0, fmt.Errorf("no queue %q: there are order_notifications and product_stock", url.PathEscape(queue))
}

// HoldRelay keeps events in order's outbox, or lets them go again. Orders are taken
// as before; the switch is open again after a restart of order.
func (a Admin) HoldRelay(ctx context.Context, held bool) error {
	answer, err := a.Order.Do(ctx, http.MethodPut, "/admin/outbox/relay", map[string]bool{"held": held})
	if err != nil {
		return fmt.Errorf("order's admin port: %w", err)
	}
	var now struct{ Held bool }
	if err := into(answer, &now); err != nil {
		return fmt.Errorf("order's admin port: %w", err)
	}
	return nil
}

func into(a rest.Answer, v any) error {
	if a.Status != http.StatusOK {
		return fmt.Errorf("answered %d: %s", a.Status, a.Detail())
	}
	return a.Into(v)
}
