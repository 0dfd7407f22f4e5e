package product_test

import (
	"net/http"
	"strings"
	"testing"

	"shop/kit/service/servicetest"
	"shop/kit/sqldb/sqldbtest"

	"shop/product"
)

// adopt runs migrate adopt on the database at url.
func adopt(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return servicetest.Command(t, product.Spec(), map[string]string{
		"DATABASE_URL": url, "USER_SERVICE_URL": "http://127.0.0.1:1", "ORDER_SERVICE_URL": "http://127.0.0.1:1", "INTERNAL_TOKEN": internalToken,
	}, append([]string{"migrate", "adopt"}, args...)...)
}

func TestAnOldDatabaseIsTakenOver(t *testing.T) {
	sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
		sqldbtest.Restore(t, url, "testdata/old.sql")
		planned, done := servicetest.Adopt(t, url, adopt)
		for text, in := range map[string]string{
			"products: 3 rows to copy with their ids; the next id is 5": planned,
			"the price 0.00": planned, "longer than 1000 characters; it is kept: 1 row, id 3": planned,
			"(blank); it is kept: 1 row, id 3": planned, "products: 3 rows copied": done, "can't be ordered until it is given a price: 1 row, id 2": done,
		} {
			if !strings.Contains(in, text) {
				t.Errorf("it does not say %q:\n%s", text, in)
			}
		}

		w := start(t, map[string]string{"DATABASE_URL": url})
		w.get("/products/1").wants(http.StatusOK, `{"id":1,"name":"Điện thoại “Ốc” <b>","description":"Màn hình 6.5 inch","price":24000000.00,"quantity":7,`+
			`"created_at":"2024-02-29T23:59:59.123456Z","updated_at":"2024-02-29T23:59:59.123456Z"}`)
		w.get("/products?q=dien+thoai").wants(http.StatusOK, `[{"id":1,`)
		w.get("/products").wants(http.StatusOK, `"id":1,`, `"id":2,`, `"id":3,"name":"   "`, `"price":99999999.99`)
		w.get("/products/2").wants(http.StatusOK, `"price":0.00`, `"description":null`, `"updated_at":"2024-03-02T08:30:00.500000Z"`)

		w.reserve(newReservation(), 2, 1).wants(http.StatusConflict, `"code":"insufficient_stock"`, `"available":0`)
		w.as(http.MethodPut, "/products/2", `{"quantity":9}`).wants(http.StatusUnprocessableEntity, `"loc":["body","price"]`, `"type":"greater_than"`)
		w.as(http.MethodPut, "/products/2", `{"price":5,"quantity":9}`).wants(http.StatusOK, `"price":5.00,"quantity":9`)
		w.reserve(newReservation(), 2, 1).wants(http.StatusCreated)
		w.as(http.MethodPost, "/products", `{"name":"Mới","price":1,"quantity":1}`).wants(http.StatusCreated, `"id":5,`)

		// An order that the old system took is cancelled, and the event comes twice.
		const reservation = "01d00000-0000-8000-8000-000000000001"
		w.publish("order.status_changed", "cancelled", reservation, 1, 3)
		w.publish("order.deleted", "confirmed", reservation, 1, 3)
		w.publish("order.status_changed", "shipped", "01d00000-0000-8000-8000-000000000002", 1, 1)
		w.handled()
		if got := w.left(1); got != 10 {
			t.Errorf("%d left, want 7 and the 3 of the cancelled order", got)
		}
	})
}

func TestAProductThatDoesNotFitKeepsTheDatabaseAsItIs(t *testing.T) {
	for name, tc := range map[string]struct{ sql, says string }{
		"a negative price":    {`UPDATE products SET price = -0.01 WHERE id = 2`, "no price, or a negative one: 1 row, id 2"},
		"a price of NaN":      {`UPDATE products SET price = 'NaN' WHERE id = 2`, "no price, or a negative one: 1 row, id 2"},
		"a negative quantity": {`UPDATE products SET quantity = -1`, "no quantity, or a negative one: 3 rows, ids 1, 2, 3"},
		"no name":             {`ALTER TABLE products ALTER name DROP NOT NULL; UPDATE products SET name = NULL WHERE id = 1`, "no name: 1 row, id 1"},
		"a price as a float":  {`ALTER TABLE products ALTER price TYPE double precision`, "the column price is double precision, not numeric(10,2)"},
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
				sqldbtest.Restore(t, url, "testdata/old.sql", tc.sql)
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
