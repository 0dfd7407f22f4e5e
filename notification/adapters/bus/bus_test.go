package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/notification/adapters/bus"
	"shop/notification/domain"
	"shop/notification/ports"
)

// notifier keeps what it is told.
type notifier struct {
	news    []domain.News
	outcome ports.Outcome
	err     error
}

func (n *notifier) Notify(_ context.Context, news domain.News) (ports.Outcome, error) {
	n.news = append(n.news, news)
	return n.outcome, n.err
}

const (
	traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	payload     = `{"order_id":7,"user_id":3,"product_id":9,"product_name":"Bàn phím","quantity":2,"unit_price":19.99,` +
		`"total_price":39.98,"status":"pending","created_at":"2026-03-14T15:09:26.535897Z","sequence":1,"reservation_id":"r"}`
)

var occurred = time.Date(2026, time.March, 14, 15, 9, 26, 535897000, time.UTC)

func delivery(typ, data string) event.Delivery {
	return event.Delivery{Queue: bus.Queue, Event: event.Event{
		ID: "0198a6f0-0000-7000-8000-000000000001", Type: typ, Key: "7", Sequence: 1, OccurredAt: occurred,
		Data: json.RawMessage(data), Trace: map[string]string{"traceparent": traceparent},
	}}
}

func TestNewsArrivesWhole(t *testing.T) {
	n, tel := &notifier{}, testkit.Telemetry(t)
	if err := bus.Handler(n, tel.Telemetry)(t.Context(), delivery("order.created", payload)); err != nil {
		t.Fatal(err)
	}
	span := tel.Spans("process order_notifications")[0]
	if got, want := span.SpanContext().TraceID().String(), "0af7651916cd43dd8448eb211c80319c"; got != want {
		t.Errorf("trace: got %s, want the event's, %s", got, want)
	}
	want := domain.News{
		EventID: "0198a6f0-0000-7000-8000-000000000001", Type: domain.OrderCreated, Sequence: 1, OccurredAt: occurred,
		Trace: "00-0af7651916cd43dd8448eb211c80319c-" + span.SpanContext().SpanID().String() + "-01",
		Order: domain.Order{ID: 7, UserID: 3, Product: "Bàn phím", Quantity: 2, UnitPrice: 1999, Total: 3998, Status: domain.Pending},
	}
	if len(n.news) != 1 || n.news[0] != want {
		t.Errorf("got  %+v\nwant %+v", n.news, want)
	}
}

// TestEventsOfTheOldSystem: without sequence, trace and reservation, with prices
// as floats write them.
func TestEventsOfTheOldSystem(t *testing.T) {
	n := &notifier{}
	d := delivery("order.created", `{"order_id":7,"user_id":3,"product_id":9,"product_name":"x","quantity":1,`+
		`"unit_price":24000000.0,"total_price":2.4e7,"status":"pending","created_at":"2026-03-14T15:09:26.535897"}`)
	d.Trace = nil
	if err := bus.Handler(n, telemetry.Nop())(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got := n.news[0]; got.Sequence != 0 || got.Trace == "" || got.Order.UnitPrice != 2400000000 || got.Order.Total != 2400000000 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsThatCanNeverBeTold(t *testing.T) {
	change := func(from, to string) string { return strings.Replace(payload, from, to, 1) }
	tests := map[string]struct{ typ, data, reason string }{
		"another type":             {"order.deleted", payload, "event_unknown_type"},
		"no JSON":                  {"order.created", `{`, "event_payload"},
		"no object":                {"order.created", `[]`, "event_payload"},
		"nothing":                  {"order.created", ``, "event_payload"},
		"null":                     {"order.created", `null`, "unit_price"},
		"a text for a number":      {"order.created", change(`"order_id":7`, `"order_id":"7"`), "event_payload"},
		"a number out of range":    {"order.created", change(`"order_id":7`, `"order_id":9223372036854775808`), "event_payload"},
		"a price that is no price": {"order.created", change(`19.99`, `"cheap"`), "event_payload"},
		"no order":                 {"order.created", change(`"order_id":7,`, ``), "order_id"},
		"no user":                  {"order.created", change(`"user_id":3,`, ``), "user_id"},
		"no product":               {"order.created", change(`"product_name":"Bàn phím",`, ``), "product_name"},
		"no quantity":              {"order.created", change(`"quantity":2,`, ``), "quantity"},
		"no price":                 {"order.created", change(`"unit_price":19.99,`, ``), "unit_price"},
		"no total":                 {"order.created", change(`"total_price":39.98,`, ``), "total_price"},
		"no status":                {"order.created", change(`"status":"pending",`, ``), "status"},
		"an unknown status":        {"order.status_changed", change(`pending`, `lost`), "status"},
		"a huge payload":           {"order.created", change(`Bàn phím`, strings.Repeat("x", 10<<20)), "event_payload"},
		"a deep payload":           {"order.created", strings.Repeat("[", 100_000), "event_payload"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := &notifier{}
			err := bus.Handler(n, telemetry.Nop())(t.Context(), delivery(tt.typ, tt.data))
			if v, _ := event.DefaultLadder().Judge(err, 0); v != event.Bury {
				t.Fatalf("got %v, want it dead-lettered at once", err)
			}
			if !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("reason: got %v, want %q in it", err, tt.reason)
			}
			if len(n.news) != 0 {
				t.Errorf("told %+v", n.news)
			}
		})
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	for outcome, counted := range map[ports.Outcome]string{
		ports.Recorded: "acked", ports.Superseded: "acked", ports.Duplicate: "duplicate",
	} {
		tel := testkit.Telemetry(t)
		if err := bus.Handler(&notifier{outcome: outcome}, tel.Telemetry)(t.Context(), delivery("order.created", payload)); err != nil {
			t.Fatal(err)
		}
		if got := tel.Value("notification_messages_total", "event_type", "order.created", "outcome", counted); got != 1 {
			t.Errorf("%s: counted %v times as %s, want once", outcome, got, counted)
		}
	}
}

func TestErrorsDecideWhatBecomesOfTheEvent(t *testing.T) {
	for want, err := range map[event.Verdict]error{
		event.Acknowledge: nil,
		event.Wait:        errs.ErrUnavailable,
		event.Retry:       errors.New("a bug"),
	} {
		got, _ := event.DefaultLadder().Judge(bus.Handler(&notifier{err: err}, telemetry.Nop())(t.Context(), delivery("order.created", payload)), 0)
		if got != want {
			t.Errorf("%v: got verdict %d, want %d", err, got, want)
		}
	}
}

// FuzzHandler: whatever arrives is told as checked news or refused for good.
func FuzzHandler(f *testing.F) {
	f.Add("id-1", false, []byte(payload))
	f.Add("id-1", true, []byte(strings.Replace(payload, "pending", "shipped", 1)))
	f.Add("a\r\nb", false, []byte(payload))
	f.Add("", true, []byte(`{"order_id":1e400,"unit_price":"1e999999999"}`))
	f.Add("id-1", false, []byte("{\"order_id\":1,\"product_name\":\"\\ud800\xff\"}"))
	f.Fuzz(func(t *testing.T, id string, changed bool, data []byte) {
		n := &notifier{}
		d := delivery("order.created", string(data))
		if changed {
			d.Type = "order.status_changed"
		}
		d.ID = id
		err := bus.Handler(n, telemetry.Nop())(t.Context(), d)
		switch {
		case err != nil:
			if errs.KindOf(err) != errs.Invalid || len(n.news) != 0 {
				t.Errorf("%q: %v, told %d", data, err, len(n.news))
			}
		case len(n.news) != 1:
			t.Errorf("%q: told %d times", data, len(n.news))
		default:
			if _, err := domain.NewNews(n.news[0]); err != nil {
				t.Errorf("%q: told what can't be told: %v", data, err)
			}
		}
	})
}
