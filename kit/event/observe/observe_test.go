package observe_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/observe"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

func delivery(attempts int) event.Delivery {
	return event.Delivery{
		Event: event.Event{
			ID: "0190-event", Type: "order.created", Key: "7", Sequence: 1, OccurredAt: time.Now().Add(-2 * time.Second),
			Trace: map[string]string{"traceparent": "00-" + traceID + "-" + spanID + "-01"},
		},
		Queue: "order_notifications", Attempts: attempts,
	}
}

func TestOutcomes(t *testing.T) {
	fault := errors.New("cannot render")
	tests := map[string]struct {
		handle   event.Handler
		attempts int
		outcome  string
		log      string // What is said of it, at level.
		level    string
	}{
		"handled": {func(context.Context, event.Delivery) error { return nil }, 0, "acked", "", ""},
		"handled before": {func(ctx context.Context, _ event.Delivery) error {
			observe.Duplicate(ctx)
			return nil
		}, 0, "duplicate", "", ""},
		"fault":              {func(context.Context, event.Delivery) error { return fault }, 0, "retried", "delivered again", "WARN"},
		"last fault":         {func(context.Context, event.Delivery) error { return fault }, 3, "dead_lettered", "dead-lettered", "ERROR"},
		"never to be":        {func(context.Context, event.Delivery) error { return event.ErrPayload }, 0, "invalid", "dead-lettered", "ERROR"},
		"dependency is away": {func(context.Context, event.Delivery) error { return errs.ErrUnavailable }, 9, "retried", "delivered again", "WARN"},
		"panic":              {func(context.Context, event.Delivery) error { panic("index out of range") }, 0, "retried", "panicked", "ERROR"},
		"fault after note": {func(ctx context.Context, _ event.Delivery) error {
			observe.Duplicate(ctx)
			return fault
		}, 0, "retried", "delivered again", "WARN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tel := testkit.Telemetry(t)
			h := observe.Handler(tel.Telemetry, "notification", tt.handle, "order.created")
			err := h(t.Context(), delivery(tt.attempts))
			if failed := tt.outcome != "acked" && tt.outcome != "duplicate"; (err != nil) != failed {
				t.Errorf("err = %v", err)
			}
			if n := tel.Value("notification_messages_total"); n != 1 {
				t.Errorf("%v deliveries were counted, want 1", n)
			}
			if n := tel.Value("notification_messages_total", "event_type", "order.created", "outcome", tt.outcome); n != 1 {
				t.Errorf("outcome %s was counted %v times, want 1", tt.outcome, n)
			}
			if n, _ := tel.Observations("notification_process_duration_seconds", "event_type", "order.created", "outcome", tt.outcome); n != 1 {
				t.Errorf("%d durations, want 1", n)
			}
			wantAges := uint64(0)
			if tt.outcome == "acked" {
				wantAges = 1
			}
			if n, sum := tel.Observations("notification_message_age_seconds", "event_type", "order.created"); n != wantAges || n == 1 && sum < 2 {
				t.Errorf("%d ages, together %v s; want %d of 2 s", n, sum, wantAges)
			}
			if n := tel.Value("notification_in_flight"); n != 0 {
				t.Errorf("%v are in flight, want 0", n)
			}
			switch records := tel.Logs(tt.log); {
			case tt.log == "" && len(records) > 0:
				t.Errorf("logged %v, want nothing", records)
			case tt.log != "" && (len(records) != 1 || records[0].Text("level") != tt.level || records[0].Text("trace_id") != traceID || records[0].Text("request_id") != "0190-event"):
				t.Errorf("logged %v, want one line at %s with trace and event", records, tt.level)
			}
		})
	}
}

func TestSpanContinuesTheTraceOfTheEvent(t *testing.T) {
	tel := testkit.Telemetry(t)
	var inside trace.SpanContext
	h := observe.Handler(tel.Telemetry, "notification", func(ctx context.Context, _ event.Delivery) error {
		inside = trace.SpanContextFromContext(ctx)
		if telemetry.RequestID(ctx) != "0190-event" {
			t.Errorf("request id %q, want the event's id", telemetry.RequestID(ctx))
		}
		if n := tel.Value("notification_in_flight"); n != 1 {
			t.Errorf("%v are in flight, want 1", n)
		}
		return nil
	})
	d := delivery(0)
	d.System = "rabbitmq"
	if err := h(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	span := tel.Spans("process order_notifications")[0]
	if span.SpanKind() != trace.SpanKindConsumer || span.SpanContext().TraceID().String() != traceID || span.Parent().SpanID().String() != spanID {
		t.Errorf("a %s span in trace %s under %s; want a consumer's under the event's creation", span.SpanKind(), span.SpanContext().TraceID(), span.Parent().SpanID())
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.SpanID().String() != spanID {
		t.Errorf("links %v, want one to the event's creation", links)
	}
	if !inside.Equal(span.SpanContext()) {
		t.Error("the handler does not run in the span")
	}
	attributes := map[string]string{}
	for _, a := range span.Attributes() {
		attributes[string(a.Key)] = a.Value.String()
	}
	for key, want := range map[string]string{
		"messaging.system": "rabbitmq", "messaging.operation.type": "process",
		"messaging.operation.name": "process", "messaging.destination.name": "order_notifications",
		"messaging.message.id": "0190-event", "messaging.message.conversation_id": "7",
	} {
		if attributes[key] != want {
			t.Errorf("attribute %s = %q, want %q", key, attributes[key], want)
		}
	}
}

func TestAnEventWithoutTraceStartsOne(t *testing.T) {
	tel := testkit.Telemetry(t)
	d := delivery(0)
	d.Trace = map[string]string{"traceparent": "garbage"}
	h := observe.Handler(tel.Telemetry, "notification", func(context.Context, event.Delivery) error { return nil })
	if err := h(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if span := tel.Spans("process order_notifications")[0]; span.Parent().IsValid() || len(span.Links()) != 0 || !span.SpanContext().IsValid() {
		t.Errorf("span %v under %v with links %v, want a root", span.SpanContext(), span.Parent(), span.Links())
	}
}

func TestSeriesStartAtZeroAndStayBounded(t *testing.T) {
	tel := testkit.Telemetry(t)
	h := observe.Handler(tel.Telemetry, "notification", func(context.Context, event.Delivery) error { return nil }, "order.created", "order.status_changed")
	const want = 3 * 5 // Two types and "other", five outcomes.
	if n := tel.Series("notification_messages_total"); n != want {
		t.Errorf("%d series at first, want %d", n, want)
	}
	for i := range 100 {
		d := delivery(0)
		d.Type = strings.Repeat("x", i)
		if err := h(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if n := tel.Series("notification_messages_total"); n != want {
		t.Errorf("%d series after unknown types, want %d", n, want)
	}
	if n := tel.Value("notification_messages_total", "event_type", "other"); n != 100 {
		t.Errorf("%v events of other types, want 100", n)
	}
}

func TestConnected(t *testing.T) {
	tel := testkit.Telemetry(t)
	var down error
	observe.Connected(tel.Telemetry, "order", func(context.Context) error { return down })
	if v := tel.Value("order_broker_connected"); v != 1 {
		t.Errorf("order_broker_connected = %v, want 1", v)
	}
	down = errs.ErrUnavailable
	if v := tel.Value("order_broker_connected"); v != 0 {
		t.Errorf("order_broker_connected = %v without a broker, want 0", v)
	}
}
