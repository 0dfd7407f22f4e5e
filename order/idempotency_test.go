package order_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/order/domain"
)

// once asks for n phones with the key.
func (s *shop) once(key string, n int) answer {
	s.t.Helper()
	return s.call("alice", "POST", "/orders", newOrder(n), header{"Idempotency-Key", key})
}

// wantReplay fails unless again is first once more.
func wantReplay(t *testing.T, first, again answer) {
	t.Helper()
	if again.status != first.status || again.body != first.body {
		t.Errorf("again %d %s\nwant  %d %s", again.status, again.body, first.status, first.body)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("Idempotency-Replayed is %q, then %q", first.header.Get("Idempotency-Replayed"), again.header.Get("Idempotency-Replayed"))
	}
	ofRequest := []string{"Date", "X-Request-Id", "X-Trace-Id", "Idempotency-Replayed"}
	for name, values := range first.header {
		if !slices.Contains(ofRequest, name) && !slices.Equal(values, again.header[name]) {
			t.Errorf("%s is %v again, was %v", name, again.header[name], values)
		}
	}
	if len(first.header)+1 != len(again.header) {
		t.Errorf("headers %v again, were %v", again.header, first.header)
	}
}

func TestReplay(t *testing.T) {
	s := newShop(t)
	first := s.once("k", 3)
	s.want(first, http.StatusCreated)
	wantReplay(t, first, s.once("k", 3))

	s.want(s.turn("1", "cancelled"), http.StatusOK)
	s.want(s.call("alice", "DELETE", "/orders/1", ""), http.StatusNoContent)
	s.clock.Advance(24*time.Hour - time.Microsecond)
	wantReplay(t, first, s.once("k", 3)) // As it was, although the order is gone.

	spaced := s.call("alice", "POST", "/orders", "{ \"quantity\": 3.0, \"x\": 1,\n\"product_id\": 42 }", header{"Idempotency-Key", "k"})
	wantReplay(t, first, spaced) // The same request in other words.

	s.want(s.call("bob", "POST", "/orders", newOrder(1), header{"Idempotency-Key", "k"}), http.StatusCreated)
	s.clock.Advance(time.Microsecond)
	if late := s.once("k", 3); late.status != http.StatusCreated || late.field(t, "id") != "3" {
		t.Errorf("a day later %d %s, want a new order", late.status, late.body)
	}
}

func TestReplayOfRefusal(t *testing.T) {
	s := newShop(t)
	few := s.once("few", 11)
	s.wantError(few, 400, "insufficient_stock", "Sản phẩm không đủ số lượng. Còn lại: 10, Yêu cầu: 11")
	missing := s.call("alice", "POST", "/orders", `{"product_id":7,"quantity":1}`, header{"Idempotency-Key", "missing"})
	s.wantError(missing, 400, "product_not_found", "Không tìm thấy sản phẩm có ID: 7")

	s.place(5)
	wantReplay(t, few, s.once("few", 11))
	again := s.call("alice", "POST", "/orders", `{"product_id":7,"quantity":1}`, header{"Idempotency-Key", "missing"})
	wantReplay(t, missing, again)
	if got := s.tel.Value("orders_placed_total", "outcome", "replayed"); got != 2 {
		t.Errorf("%v replays counted, want 2", got)
	}
}

func TestKeyOfAnotherRequest(t *testing.T) {
	s := newShop(t)
	s.want(s.once("k", 3), http.StatusCreated)
	a := s.once("k", 4)
	if got := strings.Join(a.faults(t), ", "); a.status != 422 || got != "header.Idempotency-Key idempotency_key_reused" {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.wantStock(7)
}

func TestKeys(t *testing.T) {
	s := newShop(t)
	tests := []struct{ key, rule string }{
		{"", "string_too_short"},
		{strings.Repeat("k", 256), "string_too_long"},
		{"khoá", "printable_ascii"},
		{"a\tb", "printable_ascii"},
	}
	for _, test := range tests {
		a := s.once(test.key, 1)
		if got := strings.Join(a.faults(t), ", "); a.status != 422 || got != "header.Idempotency-Key "+test.rule {
			t.Errorf("key %.20q: %d %s, want %s", test.key, a.status, got, test.rule)
		}
	}
	s.want(s.once(strings.Repeat("k", 255), 1), http.StatusCreated)
	s.want(s.once(` !"#~`, 1), http.StatusCreated)
}

// TestFailureIsTriedAnew answers with each status that may pass before the
// request succeeds with the same key.
func TestFailureIsTriedAnew(t *testing.T) {
	s := newShop(t)
	tests := []struct {
		name   string
		status int
		before func()
		user   string
		after  func()
	}{
		{"401", 401, func() {}, "mallory", func() {}},
		{"503 of the user service", 503, func() { s.users.away.Store(true) }, "alice", func() { s.users.away.Store(false) }},
		{"503 of the product service", 503, func() { s.products.Fail(domain.ErrCatalogueUnavailable) }, "alice", func() {}},
		{"a lost answer of the product service", 503, func() { s.products.Fail(nil) }, "alice", func() {}},
	}
	stock := int64(10)
	for _, test := range tests {
		key := header{"Idempotency-Key", test.name}
		test.before()
		if a := s.call(test.user, "POST", "/orders", newOrder(1), key); a.status != test.status {
			t.Errorf("%s: %d %s", test.name, a.status, a.body)
		}
		test.after()
		a := s.call("alice", "POST", "/orders", newOrder(1), key)
		if a.status != http.StatusCreated || a.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("after %s: %d %s", test.name, a.status, a.body)
		}
		stock--
		s.wantStock(stock)
	}
}

// TestTakeover lets a request fall silent after it has reserved, as if the
// process had died.
func TestTakeover(t *testing.T) {
	s := newShop(t)
	asleep, wake := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	s.products.OnReserved(func(domain.ReservationID) {
		if first.CompareAndSwap(false, true) {
			close(asleep)
			<-wake
		}
	})
	slow := make(chan answer, 1)
	go func() {
		a, err := s.try("alice", "POST", "/orders", newOrder(3), header{"Idempotency-Key", "k"})
		if err != nil {
			t.Error(err)
		}
		slow <- a
	}()
	<-asleep
	s.clock.Advance(5 * time.Second)
	busy := s.once("k", 3)
	s.wantError(busy, 409, "idempotency_key_in_use",
		"Yêu cầu với Idempotency-Key này đang được xử lý. Vui lòng thử lại sau.")
	if got := busy.header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After %q, want the 10 s that are left", got)
	}
	s.clock.Advance(10 * time.Second)
	taken := s.once("k", 3)
	s.want(taken, http.StatusCreated)
	close(wake)
	wantReplay(t, taken, <-slow)
	s.wantStock(7)
	if got := s.call("alice", "GET", "/orders", "").header.Get("X-Total-Count"); got != "1" {
		t.Errorf("%s orders, want 1", got)
	}
}

func TestSameKeyAtOnce(t *testing.T) {
	s := newShop(t)
	var created, replayed, busy atomic.Int64
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			a, err := s.try("alice", "POST", "/orders", newOrder(3), header{"Idempotency-Key", "k"})
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusConflict && a.header.Get("Retry-After") != "":
				busy.Add(1)
			case a.status != http.StatusCreated:
				t.Errorf("%d %s", a.status, a.body)
			case a.header.Get("Idempotency-Replayed") == "true":
				replayed.Add(1)
			default:
				created.Add(1)
			}
		})
	}
	running.Wait()
	if created.Load() != 1 || created.Load()+replayed.Load()+busy.Load() != 50 {
		t.Errorf("%d created, %d replayed, %d told to wait", created.Load(), replayed.Load(), busy.Load())
	}
	s.wantStock(7)
}

// TestOversell lets more buyers come than there are phones.
func TestOversell(t *testing.T) {
	s := newShop(t)
	var sold, refused atomic.Int64
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			a, err := s.try("alice", "POST", "/orders", newOrder(1), header{"Idempotency-Key", fmt.Sprint(i % 20)})
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusCreated && a.header.Get("Idempotency-Replayed") == "":
				sold.Add(1)
			case a.status == http.StatusBadRequest:
				refused.Add(1)
			case a.status != http.StatusCreated && a.status != http.StatusConflict:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	running.Wait()
	if sold.Load() != 10 || refused.Load() == 0 {
		t.Errorf("%d sold, %d refused; want 10 and the rest", sold.Load(), refused.Load())
	}
	s.wantStock(0)
}
