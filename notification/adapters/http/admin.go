package http

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"shop/kit/errs"
	"shop/kit/web"
	"shop/notification/domain"
	"shop/notification/ports"
)

// AdminPattern is where the operator asks what was told about an order
// (?order_id=7), on the admin port.
const AdminPattern = "GET /admin/notifications"

// trail is a notification as the operator sees it.
type trail struct {
	notification
	UserID     int64  `json:"user_id"`
	OccurredAt string `json:"occurred_at"`
	TraceID    string `json:"trace_id"`
}

// Admin answers AdminPattern. Contact data is no business of the operator.
func Admin(r ports.Reader, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		orderID, err := decodeOrder(request)
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"detail": "order_id is a number from 1"})
			return
		}
		all, err := r.OfOrder(request.Context(), orderID)
		if err != nil {
			log.ErrorContext(request.Context(), "notifications not inspected", "order_id", orderID, "error", err)
			answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "the notifications can't be read; the log says why"})
			return
		}
		body := make([]trail, len(all))
		for i, n := range all {
			body[i] = trail{notificationOf(n), n.Order.UserID, instant(n.OccurredAt), traceID(n)}
		}
		answer(w, http.StatusOK, body)
	})
}

func decodeOrder(r *http.Request) (int64, error) {
	f := web.Query(r)
	id := web.Required(f, "order_id", web.Int, func(n int64) (int64, error) {
		if n < 1 {
			return 0, errs.GreaterOrEqual(1)
		}
		return n, nil
	})
	return id, f.Err()
}

// traceID returns the trace id in a W3C traceparent, "" if there is none.
func traceID(n domain.Notification) string {
	const length = 32 // hex digits
	_, rest, _ := strings.Cut(n.Trace, "-")
	id, _, _ := strings.Cut(rest, "-")
	if len(id) != length {
		return ""
	}
	return id
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // What goes wrong now is the operator's loss alone.
}
