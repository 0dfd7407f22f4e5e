package orderstest

import (
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"shop/order/domain"
	"shop/order/ports"
)

func testDossier(t *testing.T, open Open) {
	t.Run("of an order", func(t *testing.T) {
		s, _ := open(t)
		id := trace.TraceID{1, 2, 3}
		ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: id, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled,
		}))
		o, err := s.Add(ctx, draft(t, owner), announce, nil)
		if err != nil {
			t.Fatal(err)
		}
		added(t, s, owner)
		d, err := s.Dossier(t.Context(), o.Snapshot().ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Order == nil || *d.Order != o || d.Reservation != o.Snapshot().Reservation {
			t.Errorf("dossier %+v of %+v", d, o.Snapshot())
		}
		at := o.Snapshot().CreatedAt
		if len(d.History) != 1 || d.History[0] != (ports.Step{Status: "pending", At: at, TraceID: id.String()}) {
			t.Errorf("history %+v", d.History)
		}
		if len(d.Events) != 1 || !d.Events[0].OccurredAt.Equal(at) || d.Events[0].SentAt != nil || d.Events[0].Sequence != 1 {
			t.Errorf("events %+v", d.Events)
		}
	})
	t.Run("of an order that was removed", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		if err := s.Remove(t.Context(), o.Delete(start.Add(time.Hour)), announce); err != nil {
			t.Fatal(err)
		}
		d, err := s.Dossier(t.Context(), o.Snapshot().ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Order != nil || d.Reservation != o.Snapshot().Reservation || len(d.Events) != 2 {
			t.Errorf("dossier %+v", d)
		}
	})
	t.Run("of no order", func(t *testing.T) {
		s, _ := open(t)
		added(t, s, owner)
		_, err := s.Dossier(t.Context(), 4711)
		wantError(t, "dossier", err, domain.ErrOrderNotFound)
	})
}
