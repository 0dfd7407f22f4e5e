package order_test

import (
	"net/http"
	"testing"
)

// TestAuthorisation is every route times everybody who may come. A route that is
// not in the table fails TestMatrixIsWhole.
func TestAuthorisation(t *testing.T) {
	for _, row := range matrix() {
		t.Run(row.method+" "+row.path, func(t *testing.T) {
			s := newShop(t)
			id := s.place(1)
			visitors := []struct {
				name, user string
				status     int
				code, text string
			}{
				{"anonymous", "", 401, "unauthenticated", "Token không hợp lệ hoặc đã hết hạn"},
				{"a wrong token", "mallory", 401, "unauthenticated", "Token không hợp lệ hoặc đã hết hạn"},
				{"other", "bob", row.other, row.code, row.text},
				{"owner", "alice", row.owner, "", ""},
			}
			path := row.path
			if row.of != "" {
				path = "/orders/" + id
			}
			for _, v := range visitors {
				asked := s.users.asked.Load()
				a := s.call(v.user, row.method, path, row.body)
				if a.status != v.status {
					t.Errorf("%s: %d, want %d\n%s", v.name, a.status, v.status, a.body)
				}
				if v.code != "" {
					s.wantError(a, v.status, v.code, v.text)
				}
				if got := a.header.Get("WWW-Authenticate"); (got == "Bearer") != (v.status == 401) {
					t.Errorf("%s: WWW-Authenticate %q", v.name, got)
				}
				want := int64(1)
				if v.user == "" {
					want = 0
				}
				if got := s.users.asked.Load() - asked; got != want {
					t.Errorf("%s: %d questions to the user service, want %d", v.name, got, want)
				}
			}
		})
	}
}

type right struct {
	method, path, body string
	of                 string // "order": of the order that alice has placed.
	owner, other       int
	code, text         string // Of the refusal of others.
}

func matrix() []right {
	return []right{
		{"POST", "/orders", newOrder(1), "", 201, 201, "", ""},
		{"GET", "/orders", "", "", 200, 200, "", ""},
		{"GET", "/orders/{id}", "", "order", 200, 403, "order_view_forbidden", "Bạn không có quyền xem đơn hàng này"},
		{"PUT", "/orders/{id}", `{"status":"confirmed"}`, "order", 200, 403, "order_update_forbidden", "Bạn không có quyền cập nhật đơn hàng này"},
		{"PUT", "/orders/{id}", `{"status":"delivered"}`, "order", 409, 403, "order_update_forbidden", "Bạn không có quyền cập nhật đơn hàng này"},
		{"DELETE", "/orders/{id}", "", "order", 204, 403, "order_delete_forbidden", "Bạn không có quyền xóa đơn hàng này"},
	}
}

func TestMatrixIsWhole(t *testing.T) {
	s := newShop(t)
	known := map[string]bool{"GET /": true, "GET /health": true, "GET /livez": true, "GET /readyz": true} // Public.
	for _, row := range matrix() {
		known[row.method+" "+row.path] = true
	}
	for _, route := range s.routes() {
		if !known[route] {
			t.Errorf("nobody has said who may %s", route)
		}
	}
}

// TestPublic are the routes that need no token and ask nobody.
func TestPublic(t *testing.T) {
	s := newShop(t)
	s.users.away.Store(true)
	for _, path := range []string{"/", "/health", "/livez", "/readyz", "/docs", "/redoc", "/openapi.json"} {
		s.want(s.call("", "GET", path, ""), http.StatusOK)
	}
	if got := s.users.asked.Load(); got != 0 {
		t.Errorf("%d questions to the user service", got)
	}
}
