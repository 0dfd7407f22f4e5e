package order_test

import (
	"net/http"
	"testing"

	"shop/order/adapters/product/producttest"
	"shop/order/domain"
)

var internal = header{"X-Internal-Token", producttest.Token}

// settle asks as the product service does.
func (s *shop) settle(id string) answer {
	s.t.Helper()
	return s.call("", "POST", "/internal/reservations/"+id+"/settle", "", internal)
}

func TestSettle(t *testing.T) {
	s := newShop(t)
	order := s.place(1)
	reservation := s.dossier(order).Reservation.ID
	const unknown = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
	for range 2 {
		if a := s.settle(reservation); a.status != 200 || a.body != `{"decision":"keep"}` {
			t.Errorf("of an order: %d %s", a.status, a.body)
		}
		if a := s.settle(unknown); a.status != 200 || a.body != `{"decision":"abandoned"}` {
			t.Errorf("of nothing: %d %s", a.status, a.body)
		}
	}
	s.want(s.call("alice", "DELETE", "/orders/"+order, ""), http.StatusNoContent)
	if a := s.settle(reservation); a.body != `{"decision":"keep"}` {
		t.Errorf("of a deleted order, whose pieces went back by its event: %s", a.body)
	}
	if a := s.settle("7"); a.status != 422 {
		t.Errorf("of no reservation: %d %s", a.status, a.body)
	}
	if got := s.tel.Value("order_reservations_settled_total", "decision", "keep"); got != 3 {
		t.Errorf("%v kept, want 3", got)
	}
}

func TestSettleIsForProductOnly(t *testing.T) {
	const path = "/internal/reservations/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/settle"
	s := newShop(t)
	for name, token := range map[string]header{"nobody": {}, "a wrong token": {"X-Internal-Token", "guess"}} {
		if a := s.call("alice", "POST", path, "", token); a.status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, a.status)
		}
	}
	closed := newShop(t, map[string]string{"INTERNAL_TOKEN": ""})
	if a := closed.call("alice", "POST", path, "", header{"X-Internal-Token", ""}); a.status != http.StatusNotFound {
		t.Errorf("without a token in the settings: %d, want 404", a.status)
	}
}

// TestLateAdd settles the reservations of a request before it can store its
// order, as product does when a request was slow: it tries another reservation,
// a few times.
func TestLateAdd(t *testing.T) {
	for name, key := range map[string]header{"without a key": {}, "with a key": {"Idempotency-Key", "k"}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			abandon := 2
			s.products.OnReserved(func(id domain.ReservationID) {
				if abandon == 0 {
					return
				}
				abandon--
				a, err := s.try("", "POST", "/internal/reservations/"+string(id)+"/settle", "", internal)
				if err != nil || a.body != `{"decision":"abandoned"}` {
					t.Errorf("settle: %s, %v", a.body, err)
				}
				s.products.Release(id)
			})
			s.want(s.call("alice", "POST", "/orders", newOrder(3), key), http.StatusCreated)
			s.wantStock(7)

			abandon = 100
			s.wantError(s.call("alice", "POST", "/orders", newOrder(1)), 503, "reservation_gone",
				"Số lượng giữ chỗ đã hết hạn. Vui lòng thử lại.")
			s.wantStock(7)
		})
	}
}
