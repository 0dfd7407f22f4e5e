package sql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"shop/kit/sqldb"
	"shop/order/domain"
	"shop/order/ports"
)

// Dossier reads what is kept about an order. Events that were sent long ago are
// purged; history and reservation stay.
func (s *Orders) Dossier(ctx context.Context, id domain.OrderID) (d ports.Dossier, err error) {
	steps, err := s.history.List(ctx, s.db, sqldb.Query{Where: "order_id = ?", Args: []any{int64(id)}, OrderBy: "sequence"})
	if err != nil {
		return d, err
	}
	if len(steps) == 0 {
		return d, domain.NotFound(id)
	}
	for _, row := range steps {
		d.History = append(d.History, ports.Step{Status: row.Status, At: row.At.Time(), TraceID: row.TraceID})
	}
	switch o, err := s.Get(ctx, id); {
	case err == nil:
		d.Order = &o
	case !errors.Is(err, domain.ErrOrderNotFound):
		return d, err
	}
	reserved, err := s.reservations.Find(ctx, s.db, "order_id = ?", int64(id))
	if err != nil {
		return d, fmt.Errorf("reservation of order %d: %w", id, err)
	}
	d.Reservation = domain.ReservationID(reserved.ID)
	d.Events, err = s.events(ctx, id)
	return d, err
}

func (s *Orders) events(ctx context.Context, id domain.OrderID) ([]ports.Sent, error) {
	stored, err := s.outbox.Of(ctx, strconv.FormatInt(int64(id), 10))
	if err != nil {
		return nil, err
	}
	events := make([]ports.Sent, len(stored))
	for i, e := range stored {
		events[i] = ports.Sent{
			ID: e.ID, Type: e.Type, Sequence: e.Sequence, OccurredAt: e.OccurredAt, TraceID: traceID(e.Trace["traceparent"]),
		}
		if !e.SentAt.IsZero() {
			events[i].SentAt = &e.SentAt
		}
	}
	return events, nil
}

// traceID returns the trace id of a W3C traceparent, "00-<trace id>-…".
func traceID(parent string) string {
	if fields := strings.Split(parent, "-"); len(fields) > 1 {
		return fields[1]
	}
	return ""
}
