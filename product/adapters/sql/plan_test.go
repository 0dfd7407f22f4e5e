package sql_test

import (
	"strings"
	"testing"

	"shop/kit/sqldb/sqldbtest"

	"shop/product/adapters/sql"
)

// What is asked again and again finds its rows by an index, however many others
// there are.
func TestPlans(t *testing.T) {
	db := sqldbtest.Open(t, sql.Migrations())
	for query, index := range map[string]string{
		`SELECT * FROM reservations WHERE state = 'open' AND due_at <= 1 ORDER BY due_at, id LIMIT 64`:                                        "reservations_due",
		`DELETE FROM reservations WHERE id IN (SELECT id FROM reservations WHERE purge_at <= 1 ORDER BY purge_at LIMIT 500)`:                  "reservations_purge",
		`SELECT * FROM products WHERE (price_minor, id) > (100, 7) ORDER BY price_minor, id LIMIT 101`:                                        "products_by_price",
		`SELECT * FROM products WHERE (price_minor, id) < (100, 7) ORDER BY price_minor DESC, id DESC LIMIT 101`:                              "products_by_price",
		`SELECT * FROM products WHERE (name_folded, id) > ('a', 7) ORDER BY name_folded, id LIMIT 101`:                                        "products_by_name",
		`SELECT * FROM products WHERE (created_at, id) < (100, 7) ORDER BY created_at DESC, id DESC LIMIT 101`:                                "products_by_created_at",
		`SELECT * FROM products WHERE price_minor BETWEEN 1 AND 9 AND (price_minor, id) > (1, 7) ORDER BY price_minor, id LIMIT 101 OFFSET 0`: "products_by_price",
	} {
		var steps []struct {
			ID      int    `db:"id"`
			Parent  int    `db:"parent"`
			NotUsed int    `db:"notused"`
			Detail  string `db:"detail"`
		}
		if err := db.Select(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query); err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for _, s := range steps {
			plan.WriteString(s.Detail + "\n")
		}
		if !strings.Contains(plan.String(), "INDEX "+index+" ") || strings.Contains(query, "FROM products") && strings.Contains(plan.String(), "TEMP B-TREE") {
			t.Errorf("%s\ndoes not go by %s alone:\n%s", query, index, plan.String())
		}
	}
}
