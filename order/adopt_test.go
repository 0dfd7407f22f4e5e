package order_test

import (
	"net/http"
	"strings"
	"testing"

	"shop/kit/service/servicetest"
	"shop/kit/sqldb/sqldbtest"
	"shop/order"
)

// adopt runs migrate adopt on the database at url.
func adopt(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return servicetest.Command(t, order.Spec(), map[string]string{
		"DATABASE_URL": url, "USER_SERVICE_URL": "http://127.0.0.1:1", "PRODUCT_SERVICE_URL": "http://127.0.0.1:1", "INTERNAL_TOKEN": "a token",
	}, append([]string{"migrate", "adopt"}, args...)...)
}

func TestAnOldDatabaseIsTakenOver(t *testing.T) {
	sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
		sqldbtest.Restore(t, url, "testdata/old.sql")
		planned, done := servicetest.Adopt(t, url, adopt)
		for text, in := range map[string]string{
			"orders: 5 rows to copy with their ids; the next id is 7":                         planned,
			"a total_price that is not unit_price times quantity; it is kept: 1 row, id 5":    planned,
			"orders: the old table kept as old_system.orders":                                 done,
			"orders: 5 rows copied with their ids; the next id is 7\n  00001_orders.sql appl": done,
		} {
			if !strings.Contains(in, text) {
				t.Errorf("it does not say %q:\n%s", text, in)
			}
		}

		s := newShop(t, map[string]string{"DATABASE_URL": url})
		a := s.call("alice", "GET", "/orders", "")
		s.want(a, http.StatusOK)
		for _, row := range []string{
			`{"id":1,"user_id":1,"product_id":42,"product_name":"Điện thoại","quantity":3,"unit_price":19999.99,"total_price":59999.97,"status":"pending",` +
				`"created_at":"2024-02-29T23:59:59.123456Z","updated_at":"2024-02-29T23:59:59.123456Z"}`,
			`"unit_price":0.10,"total_price":0.30,"status":"confirmed","created_at":"2024-03-01T00:00:00.000000Z","updated_at":"2024-03-02T08:30:00.500000Z"`,
			`"unit_price":0.00,"total_price":0.00,"status":"shipped"`,
			`"unit_price":19.99,"total_price":35.00,"status":"cancelled"`,
		} {
			if !strings.Contains(a.body, row) {
				t.Errorf("no %s in\n%s", row, a.body)
			}
		}
		if got := a.header.Get("X-Total-Count"); got != "4" {
			t.Errorf("%s orders of alice, want 4", got)
		}
		s.want(s.call("bob", "GET", "/orders/1", ""), http.StatusForbidden)

		s.want(s.turn("1", "cancelled"), http.StatusOK)
		s.want(s.turn("2", "shipped"), http.StatusOK)
		s.want(s.turn("5", "confirmed"), http.StatusConflict)
		s.want(s.call("alice", "DELETE", "/orders/5", ""), http.StatusNoContent)
		for id, want := range map[string]struct {
			typ, status, previous string
			sequence              int64
		}{
			"1": {"order.status_changed", "cancelled", `"previous_status":"pending"`, 2},
			"2": {"order.status_changed", "shipped", `"previous_status":"confirmed"`, 3},
			"5": {"order.deleted", "cancelled", "", 3},
		} {
			events := s.events(id)
			if len(events) != 1 {
				t.Fatalf("%d events of order %s", len(events), id)
			}
			e := events[0]
			if e.Type != want.typ || e.Status != want.status || e.Sequence != want.sequence || !strings.Contains(string(e.Data), want.previous) ||
				!strings.Contains(string(e.Data), `"reservation_id":"01d00000-0000-8000-8000-00000000000`+id+`"`) {
				t.Errorf("order %s: %+v %s", id, e, e.Data)
			}
		}
		if d := s.dossier("2"); len(d.History) != 3 || d.History[0].Status != "pending" || d.History[1].Status != "confirmed" || d.History[2].Status != "shipped" {
			t.Errorf("history of order 2: %+v", d.History)
		}
		if id := s.place(1); id != "7" {
			t.Errorf("the next order is %s, want 7", id)
		}
	})
}

func TestMoneyInFloatingPoint(t *testing.T) {
	sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
		sqldbtest.Restore(t, url, "testdata/old.sql", `
			UPDATE orders SET unit_price = 59999.970000000001, total_price = 9999999999999.99 WHERE id = 1;
			UPDATE orders SET unit_price = 1.005 * 100 - 100.5 + 4.35 * 100, total_price = 1.1 + 2.2 + 3.3 WHERE id = 2;
			UPDATE orders SET unit_price = 0.28999999999999998, total_price = 4503599627370.499 WHERE id = 3`)
		if code, out, errs := adopt(t, url); code != 0 {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		s := newShop(t, map[string]string{"DATABASE_URL": url})
		for id, want := range map[string]string{
			"1": `"unit_price":59999.97,"total_price":9999999999999.99,`,
			"2": `"unit_price":435.00,"total_price":6.60,`,
			"3": `"unit_price":0.29,"total_price":4503599627370.50,`,
		} {
			if a := s.call("alice", "GET", "/orders/"+id, ""); !strings.Contains(a.body, want) {
				t.Errorf("order %s is %s, want %s", id, a.body, want)
			}
		}
	})
}

func TestAnOrderThatDoesNotFitKeepsTheDatabaseAsItIs(t *testing.T) {
	for name, tc := range map[string]struct{ sql, says string }{
		"half a cent":       {`UPDATE orders SET unit_price = 19.995 WHERE id = 1`, "a unit_price that is no amount of money with two digits: 1 row, id 1"},
		"a third":           {`UPDATE orders SET total_price = 100.0 / 3 WHERE id IN (2, 4)`, "a total_price that is no amount of money with two digits: 2 rows, ids 2, 4"},
		"no number":         {`UPDATE orders SET total_price = 'NaN', unit_price = 'Infinity' WHERE id = 2`, "total_price that is no amount of money with two digits: 1 row, id 2"},
		"a negative price":  {`UPDATE orders SET unit_price = -1 WHERE id = 3`, "unit_price that is no amount of money with two digits: 1 row, id 3"},
		"beyond precision":  {`UPDATE orders SET total_price = 1e13 WHERE id = 3`, "total_price that is no amount of money with two digits: 1 row, id 3"},
		"an unknown status": {`ALTER TYPE orderstatus ADD VALUE 'LOST'; ALTER TABLE orders ALTER status TYPE orderstatus USING status; UPDATE orders SET status = 'LOST' WHERE id = 3`, "an unknown status: 1 row, id 3"},
		"no quantity":       {`UPDATE orders SET quantity = 0 WHERE id = 3`, "no quantity, or none above 0: 1 row, id 3"},
		"no user":           {`ALTER TABLE orders ALTER user_id DROP NOT NULL; UPDATE orders SET user_id = NULL WHERE id = 3`, "no user: 1 row, id 3"},
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
				sqldbtest.Restore(t, url, "testdata/old.sql", strings.Split(tc.sql, "; ")...)
				before := sqldbtest.Dump(t, url)
				if code, _, errs := adopt(t, url); code != 1 || !strings.Contains(errs, tc.says) {
					t.Errorf("exit code %d, %s; want it to say %q", code, errs, tc.says)
				}
				if sqldbtest.Dump(t, url) != before {
					t.Error("the refused adoption changed something")
				}
			})
		})
	}
}
