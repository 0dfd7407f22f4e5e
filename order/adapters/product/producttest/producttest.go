// Package producttest is the product service for tests: its internal API over
// real HTTP, with a catalogue in memory behind it.
package producttest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/order/adapters/memory"
	"shop/order/domain"
)

// Token is what the service wants to see in X-Internal-Token.
const Token = "internal-token-of-tests"

// Serve answers with what behind says until the test ends, and returns where.
func Serve(t testing.TB, behind *memory.Catalogue) (url string) {
	t.Helper()
	server := httptest.NewServer(service{behind})
	t.Cleanup(server.Close)
	return server.URL
}

type service struct{ *memory.Catalogue }

type request struct {
	ReservationID domain.ReservationID `json:"reservation_id"`
	ProductID     domain.ProductID     `json:"product_id"`
	Quantity      domain.Quantity      `json:"quantity"`
}

// statuses are those of the product service's refusals.
var statuses = map[string]int{
	"product_not_found":    http.StatusNotFound,
	"insufficient_stock":   http.StatusConflict,
	"reservation_released": http.StatusConflict,
	"reservation_mismatch": http.StatusConflict,
}

func (s service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q request
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/internal/reservations":
		refuse(w, http.StatusNotFound, "route_not_found", nil)
		return
	case r.Header.Get("X-Internal-Token") != Token:
		refuse(w, http.StatusForbidden, "not_a_caller", nil)
		return
	case json.NewDecoder(r.Body).Decode(&q) != nil:
		refuse(w, http.StatusUnprocessableEntity, "validation_failed", nil)
		return
	}
	reserved, err := s.Reserve(r.Context(), q.ReservationID, q.ProductID, q.Quantity)
	if err == nil {
		send(w, http.StatusCreated, map[string]any{
			"reservation_id": q.ReservationID, "product_id": q.ProductID, "product_name": reserved.ProductName,
			"unit_price": reserved.UnitPrice, "quantity": q.Quantity, "expires_at": time.Now().UTC().Add(time.Minute),
		})
		return
	}
	e := errs.Of(err)
	code := e.Code
	if code == domain.ErrReservationGone.Code { // Our word for either.
		code = "reservation_released"
	}
	status, known := statuses[code]
	if !known {
		status = http.StatusServiceUnavailable
	}
	refuse(w, status, code, e.Params)
}

func refuse(w http.ResponseWriter, status int, code string, params errs.Params) {
	send(w, status, map[string]any{"detail": "…", "code": code, "trace_id": "", "params": params})
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
