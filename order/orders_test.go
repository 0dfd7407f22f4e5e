package order_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/order/adapters/memory"
)

func TestLife(t *testing.T) {
	s := newShop(t)
	id := s.place(3)
	s.clock.Advance(time.Minute)
	for _, status := range []string{"pending", "confirmed", "confirmed", "shipped", "delivered", "delivered"} {
		a := s.turn(id, status)
		s.want(a, http.StatusOK)
		if got := a.field(t, "status"); got != status {
			t.Errorf("status %q, want %q", got, status)
		}
	}
	a := s.call("alice", "GET", "/orders/"+id, "")
	if a.field(t, "created_at") != "2026-03-14T15:09:26.535897Z" || a.field(t, "updated_at") != "2026-03-14T15:10:26.535897Z" {
		t.Errorf("order %s", a.body)
	}
	s.wantError(s.turn(id, "cancelled"), 409, "order_status_transition",
		"Không thể chuyển đơn hàng từ trạng thái delivered sang cancelled")
	s.want(s.call("alice", "DELETE", "/orders/"+id, ""), http.StatusNoContent)
	notFound := "Không tìm thấy đơn hàng có ID: " + id
	s.wantError(s.call("alice", "GET", "/orders/"+id, ""), 404, "order_not_found", notFound)
	s.wantError(s.turn(id, "pending"), 404, "order_not_found", notFound)
	s.wantError(s.call("alice", "DELETE", "/orders/"+id, ""), 404, "order_not_found", notFound)
}

// TestJumps tries every pair of statuses.
func TestJumps(t *testing.T) {
	s := newShop(t)
	paths := map[string][]string{
		"pending": {}, "confirmed": {"confirmed"}, "shipped": {"confirmed", "shipped"},
		"delivered": {"confirmed", "shipped", "delivered"}, "cancelled": {"cancelled"},
	}
	s.products.Put(phone, memory.Product{Name: "Phone", Price: 1, Stock: 100})
	allowed := "pending confirmed, confirmed shipped, shipped delivered, pending cancelled, confirmed cancelled"
	for from, path := range paths {
		for to := range paths {
			id := s.place(1)
			for _, status := range path {
				s.want(s.turn(id, status), http.StatusOK)
			}
			want := http.StatusConflict
			if from == to || strings.Contains(allowed, from+" "+to) {
				want = http.StatusOK
			}
			if a := s.turn(id, to); a.status != want {
				t.Errorf("%s to %s: %d, want %d", from, to, a.status, want)
			}
		}
	}
}

func TestChangeStatusInvalid(t *testing.T) {
	s := newShop(t)
	id := s.place(1)
	tests := []struct{ body, faults string }{
		{`{}`, "body.status missing"},
		{`{"status":null}`, "body.status string_type"},
		{`{"status":1}`, "body.status string_type"},
		{`{"status":""}`, "body.status enum"},
		{`{"status":"Confirmed"}`, "body.status enum"},
		{`{"status":"lost"}`, "body.status enum"},
		{`{"status":"pending\u0000"}`, "body.status string_nul"},
		{`{"status":"\ud800"}`, "body.status string_unicode"},
		{`[]`, "body dict_type"},
	}
	for _, test := range tests {
		a := s.call("alice", "PUT", "/orders/"+id, test.body)
		if got := strings.Join(a.faults(t), ", "); a.status != 422 || got != test.faults {
			t.Errorf("%s: %d %s, want %s", test.body, a.status, got, test.faults)
		}
	}
	a := s.call("alice", "PUT", "/orders/0", `{"status":"lost"}`)
	if got := strings.Join(a.faults(t), ", "); got != "path.id greater_than_equal, body.status enum" {
		t.Errorf("every fault at once: %s", got)
	}
}

func TestPlaceInvalid(t *testing.T) {
	s := newShop(t)
	tests := []struct{ body, faults string }{
		{`{}`, "body.product_id missing, body.quantity missing"},
		{`{"product_id":null,"quantity":null}`, "body.product_id int_type, body.quantity int_type"},
		{`{"product_id":"1","quantity":true}`, "body.product_id int_type, body.quantity int_type"},
		{`{"product_id":0,"quantity":0}`, "body.product_id greater_than_equal, body.quantity greater_than_equal"},
		{`{"product_id":-1,"quantity":-1}`, "body.product_id greater_than_equal, body.quantity greater_than_equal"},
		{`{"product_id":1.5,"quantity":1e-9}`, "body.product_id int_from_float, body.quantity int_from_float"},
		{`{"product_id":9223372036854775808,"quantity":1e999999999}`, "body.product_id int_parsing_size, body.quantity int_parsing_size"},
		{`{"product_id":1,"quantity":2147483648}`, "body.quantity less_than_equal"},
		{`{"product_id":[],"quantity":{}}`, "body.product_id int_type, body.quantity int_type"},
		{`"x"`, "body dict_type"},
	}
	for _, test := range tests {
		a := s.call("alice", "POST", "/orders", test.body)
		if got := strings.Join(a.faults(t), ", "); a.status != 422 || got != test.faults {
			t.Errorf("%s: %d %s, want %s", test.body, a.status, got, test.faults)
		}
	}
	s.wantStock(10)
}

func TestPathIDs(t *testing.T) {
	s := newShop(t)
	for _, id := range []string{"0", "-1", "x", "1x", "1.0", "9223372036854775808", "%00", "%ff", "٣", "1%2f2", "+"} {
		for method, body := range map[string]string{"GET": "", "DELETE": "", "PUT": `{"status":"confirmed"}`} {
			if a := s.call("alice", method, "/orders/"+id, body); a.status != 422 && a.status != 404 {
				t.Errorf("%s /orders/%s: %d, want 422\n%s", method, id, a.status, a.body)
			}
		}
	}
	s.want(s.call("alice", "GET", "/orders/9223372036854775807", ""), http.StatusNotFound)
}

func TestList(t *testing.T) {
	s := newShop(t)
	for i := range 5 {
		id := s.place(1)
		if i%2 == 0 {
			s.want(s.turn(id, "confirmed"), http.StatusOK)
		}
	}
	s.want(s.call("bob", "POST", "/orders", newOrder(1)), http.StatusCreated)
	tests := []struct {
		user, query string
		ids         string
		total, next string
	}{
		{"alice", "", "[5 4 3 2 1]", "5", ""},
		{"alice", "?limit=2", "[5 4]", "5", `</orders?limit=2&skip=2>; rel="next"`},
		{"alice", "?skip=2&limit=2", "[3 2]", "5", `</orders?limit=2&skip=4>; rel="next"`},
		{"alice", "?skip=4&limit=2", "[1]", "5", ""},
		{"alice", "?skip=3&limit=2", "[2 1]", "5", ""},
		{"alice", "?skip=9223372036854775807", "[]", "5", ""},
		{"alice", "?status=confirmed", "[5 3 1]", "3", ""},
		{"alice", "?status=confirmed&limit=1", "[5]", "3", `</orders?limit=1&skip=1&status=confirmed>; rel="next"`},
		{"alice", "?status=delivered", "[]", "0", ""},
		{"bob", "", "[6]", "1", ""},
	}
	for _, test := range tests {
		a := s.call(test.user, "GET", "/orders"+test.query, "")
		s.want(a, http.StatusOK)
		var list []struct{ ID int64 }
		if err := json.Unmarshal([]byte(a.body), &list); err != nil {
			t.Fatal(err)
		}
		ids := make([]int64, len(list))
		for i, o := range list {
			ids[i] = o.ID
		}
		if got := fmt.Sprint(ids); got != test.ids || a.header.Get("X-Total-Count") != test.total || a.header.Get("Link") != test.next {
			t.Errorf("%s: %s of %s, next %q; want %s of %s, next %q", test.query, got,
				a.header.Get("X-Total-Count"), a.header.Get("Link"), test.ids, test.total, test.next)
		}
		if a.header.Get("X-Total-Count-Exact") != "" {
			t.Errorf("%s: the total is exact", test.query)
		}
	}
}

func TestBadPaging(t *testing.T) {
	s := newShop(t)
	tests := []struct{ query, faults string }{
		{"skip=-1", "query.skip greater_than_equal"},
		{"limit=0", "query.limit greater_than_equal"},
		{"limit=-5", "query.limit greater_than_equal"},
		{"limit=101", "query.limit less_than_equal"},
		{"limit=9223372036854775807", "query.limit less_than_equal"},
		{"limit=9223372036854775808", "query.limit int_parsing_size"},
		{"skip=99999999999999999999", "query.skip int_parsing_size"},
		{"skip=", "query.skip int_parsing"},
		{"skip=x&limit=1.5", "query.skip int_parsing, query.limit int_parsing"},
		{"skip=1e3", "query.skip int_parsing"},
		{"skip=%00", "query.skip int_parsing"},
		{"skip=0x10", "query.skip int_parsing"},
		{"status=PENDING", "query.status enum"},
		{"status=", "query.status enum"},
		{"status=%ff", "query.status string_unicode"},
		{"status=pending'--", "query.status enum"},
		{"skip=-1&limit=0&status=x", "query.skip greater_than_equal, query.limit greater_than_equal, query.status enum"},
		{"skip=%zz", "query query_invalid"},
	}
	for _, test := range tests {
		a := s.call("alice", "GET", "/orders?"+test.query, "")
		if a.status != 422 {
			t.Errorf("%s: %d, want 422", test.query, a.status)
			continue
		}
		if got := strings.Join(a.faults(t), ", "); got != test.faults {
			t.Errorf("%s: %s, want %s", test.query, got, test.faults)
		}
	}
}

// TestChangesAtOnce lets two parallel PUTs and a DELETE race for one order: one
// changes it, the others are judged by what they find then.
func TestChangesAtOnce(t *testing.T) {
	s := newShop(t)
	for range 10 {
		id := s.place(1)
		var changed atomic.Int64
		var running sync.WaitGroup
		for _, do := range []func() (answer, error){
			func() (answer, error) { return s.try("alice", "PUT", "/orders/"+id, `{"status":"cancelled"}`) },
			func() (answer, error) { return s.try("alice", "PUT", "/orders/"+id, `{"status":"confirmed"}`) },
			func() (answer, error) { return s.try("alice", "DELETE", "/orders/"+id, "") },
		} {
			running.Go(func() {
				switch a, err := do(); {
				case err != nil:
					t.Error(err)
				case a.status == 200 || a.status == 204:
					changed.Add(1)
				case a.status != 404 && a.status != 409:
					t.Errorf("answer %d %s", a.status, a.body)
				}
			})
		}
		running.Wait()
		if changed.Load() == 0 {
			t.Error("nobody succeeded")
		}
		releases := 0
		for i, e := range s.events(id) {
			if e.Sequence != int64(i+1) {
				t.Errorf("event %d has sequence %d", i+1, e.Sequence)
			}
			if e.Type == "order.status_changed" && e.Status == "cancelled" ||
				e.Type == "order.deleted" && (e.Status == "pending" || e.Status == "confirmed") {
				releases++
			}
		}
		if releases > 1 {
			t.Errorf("%d events release the stock", releases)
		}
		s.want(s.call("alice", "GET", "/livez", ""), http.StatusOK)
	}
}
