package sqldb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
)

// observed opens a migrated database of each engine that reports to tel.
func observed(t *testing.T, f func(t *testing.T, db *sqldb.DB, tel *testkit.Captured)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		tel := testkit.Telemetry(t)
		db := sqldbtest.OpenURL(t, e.URL(t), tel.Telemetry)
		sqldbtest.Migrate(t, db, migrations())
		f(t, db, tel)
	})
}

func attributes(s sdktrace.ReadOnlySpan) string {
	var list []string
	for _, a := range s.Attributes() {
		list = append(list, string(a.Key)+"="+a.Value.String())
	}
	return strings.Join(list, "\n")
}

func TestStatementsAreMeasured(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		ctx, name := t.Context(), "db_client_operation_duration_seconds"
		must(t, items().Create(ctx, db, &item{Name: "a"}))
		if err := items().Create(ctx, db, &item{Name: "a"}); err == nil {
			t.Error("no error")
		}
		_, err := items().Get(ctx, db, 7)
		if err == nil {
			t.Error("no error")
		}
		must(t, db.Tx(ctx, func(tx *sqldb.Tx) error { return items().Delete(ctx, tx, 1) }))
		for want, labels := range map[string][]string{
			"inserted":        {"db_operation_name", "INSERT", "db_collection_name", "items", "error_type", ""},
			"refused":         {"db_operation_name", "INSERT", "db_collection_name", "items", "error_type", "duplicate"},
			"not found is ok": {"db_operation_name", "SELECT", "db_collection_name", "items", "error_type", ""},
			"deleted":         {"db_operation_name", "DELETE", "db_collection_name", "items", "error_type", ""},
			"begun":           {"db_operation_name", "BEGIN", "db_collection_name", "", "error_type", ""},
			"committed":       {"db_operation_name", "COMMIT", "db_collection_name", "", "error_type", ""},
		} {
			if n, sum := tel.Observations(name, labels...); n != 1 || sum <= 0 {
				t.Errorf("%s: %d observations of %v s", want, n, sum)
			}
		}
		if n := len(tel.Spans("")); n != 0 {
			t.Errorf("%d spans outside of a trace, want none", n)
		}
	})
}

func TestPoolsAreMeasured(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		second := sqldbtest.OpenURL(t, sqldbtest.FileURL(t.TempDir()+"/bus.db"), tel.Telemetry)
		var most float64
		for _, d := range []*sqldb.DB{db, second} {
			for _, s := range d.Stats() {
				most += float64(s.MaxOpenConnections)
			}
		}
		must(t, db.Tx(t.Context(), func(*sqldb.Tx) error {
			for state, want := range map[string]float64{"used": 1, "max": most} {
				if got := tel.Value("db_pool_connections", "state", state); got != want {
					t.Errorf("%s is %v, want %v", state, got, want)
				}
			}
			if idle := tel.Value("db_pool_connections", "state", "idle"); idle < 1 {
				t.Errorf("idle is %v", idle)
			}
			return nil
		}))
		if tel.Series("db_pool_wait_seconds_total") != 1 || tel.Series("db_pool_waits_total") != 1 {
			t.Error("the waits are missing")
		}
		must(t, second.Close())
		if got := tel.Value("db_pool_connections", "state", "max"); got >= most {
			t.Errorf("a closed database is still counted: %v", got)
		}
	})
}

func TestStatementsOfATraceAreSpans(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		ctx, root := tel.Tracer.Start(t.Context(), "request")
		must(t, db.Tx(ctx, func(tx *sqldb.Tx) error { return items().Create(ctx, tx, &item{Name: "secret"}) }))
		if err := items().Create(ctx, db, &item{Name: "secret"}); err == nil {
			t.Error("no error")
		}
		root.End()
		spans := tel.Spans("INSERT items")
		if len(spans) != 2 || len(tel.Spans("BEGIN")) != 1 || len(tel.Spans("COMMIT")) != 1 {
			t.Fatalf("got %d spans", len(spans))
		}
		good, bad := spans[0], spans[1]
		if good.SpanKind() != trace.SpanKindClient || good.Parent().SpanID() != root.SpanContext().SpanID() {
			t.Errorf("the span is a %v of %v", good.SpanKind(), good.Parent())
		}
		text := attributes(good)
		for _, want := range []string{
			"db.system.name=" + db.Dialect().String(), "db.operation.name=INSERT", "db.collection.name=items",
			`db.query.text=INSERT INTO "items" ("name", "note", "price_minor", "version", "created_at") VALUES (?, ?, ?, ?, ?) RETURNING "id"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		if !strings.Contains(attributes(bad), "error.type=duplicate") || bad.Status().Description != "duplicate" {
			t.Errorf("the failed one: %v\n%s", bad.Status(), attributes(bad))
		}
		if strings.Contains(attributes(bad), "secret") || strings.Contains(text, "secret") {
			t.Error("a span shows a value")
		}
	})
}

// pigeons are a broker that has a name.
type pigeons struct{ *broker }

func (pigeons) Messaging() (system, exchange string) { return "pigeon", "loft" }

func TestTheTraceOfAnEvent(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		b := &broker{}
		o := sqldb.NewOutbox(db, tel.Telemetry, "order", sqldb.For(pigeons{b}))
		ctx, root := tel.Tracer.Start(t.Context(), "request")
		must(t, db.Tx(ctx, func(tx *sqldb.Tx) error { return o.Add(ctx, tx, created("7", 1)) }))
		root.End()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		must(t, sqldb.NewRelay(o, b, tel.Telemetry).Run(ended))

		creates, publishes := tel.Spans("create order.created"), tel.Spans("publish order.created")
		if len(creates) != 1 || len(publishes) != 1 {
			t.Fatalf("%d creations, %d publishes, want one each", len(creates), len(publishes))
		}
		create, publish := creates[0], publishes[0]
		if create.SpanKind() != trace.SpanKindProducer || create.Parent().SpanID() != root.SpanContext().SpanID() {
			t.Errorf("the creation is a %v of %v", create.SpanKind(), create.Parent())
		}
		if publish.SpanKind() != trace.SpanKindClient || publish.Parent().SpanID() != create.SpanContext().SpanID() {
			t.Errorf("the publish is a %v of %v", publish.SpanKind(), publish.Parent())
		}
		for _, span := range []sdktrace.ReadOnlySpan{create, publish} {
			for _, want := range []string{
				"messaging.message.id=" + b.stored[0].ID, "messaging.system=pigeon", "messaging.destination.name=loft:order.created",
				"messaging.message.conversation_id=7",
			} {
				if text := attributes(span); !strings.Contains(text, want) {
					t.Errorf("%s lacks %s:\n%s", span.Name(), want, text)
				}
			}
		}
		want := fmt.Sprintf("00-%s-%s-01", create.SpanContext().TraceID(), create.SpanContext().SpanID())
		if got := b.stored[0].Trace["traceparent"]; got != want {
			t.Errorf("the event carries %q, want %q", got, want)
		}
	})
}

func TestPublishingIsMeasured(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		clock := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, tel.Telemetry, "order", sqldb.Clock(clock.Now), sqldb.EventTypes("order.created", "order.deleted"))
		for _, outcome := range []string{"confirmed", "returned", "nacked", "timeout", "error"} {
			if tel.Series("order_events_published_total") != 10 || tel.Value("order_events_published_total", "outcome", outcome) != 0 {
				t.Errorf("%s does not begin at 0", outcome)
			}
		}
		deleted := event.Event{Type: "order.deleted", Key: "2", Sequence: 1, Data: json.RawMessage(`{}`)}
		add(t, db, o, created("1", 1), deleted, created("3", 1), created("4", 1), created("5", 1))
		clock.Advance(time.Minute)
		if n, age := tel.Value("order_outbox_pending"), tel.Value("order_outbox_oldest_age_seconds"); n != 5 || age != 60 {
			t.Errorf("%v pending for %v s, want 5 for 60 s", n, age)
		}
		outcomes := map[string]error{"2": event.ErrReturned, "3": context.DeadlineExceeded, "4": fmt.Errorf("reset"), "5": event.ErrNacked}
		b := &broker{refuse: func(e event.Event) error { return outcomes[e.Key] }}
		flush(t, o, b)
		if n := tel.Value("order_outbox_pending"); n != 5 {
			t.Errorf("the count of a moment ago is not used: %v", n)
		}
		clear(outcomes)
		clock.Advance(5 * time.Minute)
		flush(t, o, b)
		if n, age := tel.Value("order_outbox_pending"), tel.Value("order_outbox_oldest_age_seconds"); n != 0 || age != 0 {
			t.Errorf("%v pending for %v s, want none", n, age)
		}
		for labels, want := range map[[2]string]float64{
			{"order.created", "confirmed"}: 4, {"order.deleted", "confirmed"}: 1, {"order.deleted", "returned"}: 1,
			{"order.created", "timeout"}: 1, {"order.created", "error"}: 1, {"order.created", "nacked"}: 1,
		} {
			if got := tel.Value("order_events_published_total", "event_type", labels[0], "outcome", labels[1]); got != want {
				t.Errorf("%v: %v, want %v", labels, got, want)
			}
		}
		if got := tel.Value("order_event_publish_retries_total"); got != 4 {
			t.Errorf("%v retries, want 4", got)
		}
		if n, _ := tel.Observations("order_event_publish_duration_seconds", "outcome", "confirmed"); n != 5 {
			t.Errorf("%d durations, want 5", n)
		}
	})
}

func TestABacklogThatCannotBeCountedIsNotShown(t *testing.T) {
	tel := testkit.Telemetry(t)
	db := sqldbtest.OpenURL(t, sqldbtest.FileURL(t.TempDir()+"/shop.db"), tel.Telemetry)
	sqldb.NewOutbox(db, tel.Telemetry, "order") // Its table isn't there.
	if n := tel.Series("order_outbox_pending"); n != 0 {
		t.Errorf("%d samples, want none", n)
	}
	if len(tel.Logs("outbox not measured")) == 0 {
		t.Error("nothing is logged")
	}
}
