package order_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"shop/product/domain"
)

// stub is an order service over real HTTP that decides by a function.
type stub struct {
	*httptest.Server
	decide func(domain.ReservationID) (domain.Decision, error)
}

func serve(t *testing.T) *stub {
	t.Helper()
	s := &stub{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /internal/reservations/{id}/settle", func(w http.ResponseWriter, r *http.Request) {
		id, err := domain.NewReservationID(r.PathValue("id"))
		if err != nil || r.Header.Get("X-Internal-Token") != token {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		d, err := s.decide(id)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"decision":%q}`, d)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}
