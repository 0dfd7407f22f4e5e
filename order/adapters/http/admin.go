package http

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

// AdminPattern is where the operator asks about an order, on the admin port.
const AdminPattern = "GET /admin/orders/{id}"

// dossier is all that is known of an order.
type dossier struct {
	Order       *order      `json:"order"` // null after it was deleted.
	Reservation reservation `json:"reservation"`
	History     []step      `json:"history"`
	Events      []sent      `json:"events"`
}

type reservation struct {
	ID      domain.ReservationID `json:"reservation_id"`
	Outcome string               `json:"outcome"`
}

type step struct {
	Status  string `json:"status"`
	At      string `json:"at"`
	TraceID string `json:"trace_id"`
}

type sent struct {
	ID         string  `json:"id"`
	Type       string  `json:"type"`
	Sequence   int64   `json:"sequence"`
	OccurredAt string  `json:"occurred_at"`
	SentAt     *string `json:"sent_at"` // null while it is in the outbox.
	TraceID    string  `json:"trace_id"`
}

// Admin answers AdminPattern.
func Admin(inspection ports.Inspection, tel *telemetry.Telemetry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := decodeID(r)
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"detail": "an order's id is a number from 1"})
			return
		}
		d, err := inspection.Inspect(r.Context(), id)
		switch kind := errs.KindOf(err); {
		case err == nil:
			answer(w, http.StatusOK, dossierOf(d))
		case kind == errs.NotFound:
			answer(w, http.StatusNotFound, map[string]string{"detail": "no order " + strconv.FormatInt(int64(id), 10)})
		default:
			tel.Log.ErrorContext(r.Context(), "order not inspected", "order_id", id, "error", err)
			answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "the order can't be read; the log says why"})
		}
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // What goes wrong now is the operator's loss alone.
}

func dossierOf(d ports.Dossier) dossier {
	all := dossier{
		Reservation: reservation{d.Reservation, "ordered"},
		History:     make([]step, len(d.History)),
		Events:      make([]sent, len(d.Events)),
	}
	if d.Order != nil {
		o := orderOf(*d.Order)
		all.Order = &o
	}
	for i, s := range d.History {
		all.History[i] = step{s.Status, instant(s.At), s.TraceID}
	}
	for i, e := range d.Events {
		all.Events[i] = sent{ID: e.ID, Type: e.Type, Sequence: e.Sequence, OccurredAt: instant(e.OccurredAt), TraceID: e.TraceID}
		if e.SentAt != nil {
			at := instant(*e.SentAt)
			all.Events[i].SentAt = &at
		}
	}
	return all
}

func instant(t time.Time) string { return t.UTC().Format(timeLayout) }
