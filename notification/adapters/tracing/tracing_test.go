package tracing_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/memory"
	"shop/notification/adapters/tracing"
	"shop/notification/domain"
)

func TestACallIsASpanOfTheOrdersTrace(t *testing.T) {
	tests := map[string]struct {
		name   domain.Channel
		answer error
		status codes.Code
		text   string
		kind   trace.SpanKind
	}{
		"taken":    {domain.Email, nil, codes.Unset, "", trace.SpanKindClient},
		"rejected": {domain.SMS, domain.Rejected("an@example.com"), codes.Error, "delivery_rejected", trace.SpanKindClient},
		"logged":   {domain.Log, nil, codes.Unset, "", trace.SpanKindInternal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tel, inner, inside := testkit.Telemetry(t), &memory.Channel{}, ""
			inner.Answer(func(ctx context.Context, _ domain.Message) error {
				inside = telemetry.TraceID(ctx)
				return tt.answer
			})
			m := channeltest.Message("an@example.com")
			if err := tracing.NewChannel(tt.name, inner, tel.Telemetry).Send(t.Context(), m); err != tt.answer { //nolint:errorlint // The very same.
				t.Errorf("got %v, want %v", err, tt.answer)
			}
			spans := tel.Spans("send " + string(tt.name))
			if len(spans) != 1 {
				t.Fatalf("spans: got %d, want 1", len(spans))
			}
			s := spans[0]
			const traceID, spanID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
			if s.Parent().SpanID().String() != spanID || s.SpanContext().TraceID().String() != traceID || inside != traceID {
				t.Errorf("parent %s in trace %s, inside %s; want %s in %s", s.Parent().SpanID(), s.SpanContext().TraceID(), inside, spanID, traceID)
			}
			if s.Status().Code != tt.status || s.Status().Description != tt.text || s.SpanKind() != tt.kind {
				t.Errorf("status %v %q, kind %v", s.Status().Code, s.Status().Description, s.SpanKind())
			}
			for _, a := range s.Attributes() {
				if a.Value.String() == m.Recipient || a.Value.String() == m.Short {
					t.Errorf("attribute %s tells %q", a.Key, a.Value.String())
				}
			}
		})
	}
}

func TestAMessageWithoutATraceStartsOne(t *testing.T) {
	for _, broken := range []string{"", "nonsense", "00-00000000000000000000000000000000-0000000000000000-00"} {
		tel := testkit.Telemetry(t)
		m := channeltest.Message("an")
		m.Trace = broken
		if err := tracing.NewChannel(domain.Push, &memory.Channel{}, tel.Telemetry).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if s := tel.Spans("send push")[0]; s.Parent().IsValid() || !s.SpanContext().IsValid() {
			t.Errorf("%q: parent %v", broken, s.Parent())
		}
	}
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, "an", func(t *testing.T) channeltest.Rig {
		c := &memory.Channel{}
		answer := func(err error) { c.Answer(func(context.Context, domain.Message) error { return err }) }
		return channeltest.Rig{
			Channel: tracing.NewChannel(domain.Push, c, testkit.Telemetry(t).Telemetry),
			Received: func(*testing.T) (all []channeltest.Receipt) {
				for _, m := range c.Sent() {
					all = append(all, channeltest.Receipt{Identity: m.ID, Recipient: m.Recipient, Content: m.Short})
				}
				return all
			},
			Refuse:   func() { answer(domain.Rejected("no")) },
			Postpone: func() { answer(domain.Undelivered("not now", 0)) },
			AskFor:   func(pause time.Duration) { answer(domain.Undelivered("not now", pause)) },
		}
	})
}
