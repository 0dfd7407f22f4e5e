package sql

import (
	"context"
	"fmt"

	"shop/kit/sqldb"
	"shop/order/domain"
)

// Adoption is how the orders of the system before this one are taken over. It
// kept money in floating point; an amount counts as exact when it is two digits
// and the noise of a few operations on them.
func Adoption() *sqldb.Adoption {
	moment := []string{"timestamp without time zone", "timestamp with time zone"} // Without a zone: UTC.
	return &sqldb.Adoption{
		Version: 1,
		Tables: []sqldb.OldTable{{
			Name: "orders",
			Columns: []sqldb.OldColumn{
				{Name: "id", Types: []string{"integer", "bigint"}},
				{Name: "user_id", Types: []string{"integer", "bigint"}},
				{Name: "product_id", Types: []string{"integer", "bigint"}},
				{Name: "product_name", Types: []string{"character varying", "text"}},
				{Name: "quantity", Types: []string{"integer", "bigint"}},
				{Name: "unit_price", Types: []string{"double precision"}},
				{Name: "total_price", Types: []string{"double precision"}},
				{Name: "status", Types: []string{"orderstatus"}},
				{Name: "created_at", Types: moment},
				{Name: "updated_at", Types: moment},
			},
			Rules: []sqldb.OldRule{
				{Where: fmt.Sprintf(`id < 1 OR id > %d`, domain.MaxAdopted), Text: "an id below 1 or far too large", Refused: true},
				{Where: `coalesce(user_id, 0) < 1`, Text: "no user", Refused: true},
				{Where: `coalesce(product_id, 0) < 1`, Text: "no product", Refused: true},
				{Where: `product_name IS NULL`, Text: "no name of the product", Refused: true},
				{Where: fmt.Sprintf(`quantity IS NULL OR quantity NOT BETWEEN 1 AND %d`, domain.MaxQuantity), Text: "no quantity, or none above 0", Refused: true},
				{Where: inexact("unit_price"), Text: "a unit_price that is no amount of money with two digits", Refused: true},
				{Where: inexact("total_price"), Text: "a total_price that is no amount of money with two digits", Refused: true},
				{
					Where: `status IS NULL OR lower(status::text COLLATE "C") NOT IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')`,
					Text:  "an unknown status", Refused: true,
				},
				{Where: sqldb.OddMoment("created_at") + ` OR ` + sqldb.OddMoment("updated_at"), Text: "a time out of the years 1 to 9999", Refused: true},
				{
					Where: `NOT (` + inexact("unit_price") + ` OR ` + inexact("total_price") + `) AND ` +
						minor("total_price") + ` <> ` + minor("unit_price") + ` * quantity`,
					Text: "a total_price that is not unit_price times quantity; it is kept",
				},
				{Where: `btrim(product_name) = '' OR char_length(product_name) > 255`, Text: "a name of the product that no notification can tell; it is kept"},
				{Where: `created_at IS NULL`, Text: "created_at is NULL: the time of the latest change is taken, else that of the adoption"},
			},
		}},
		Move: moveOrders,
	}
}

// largest is where the distance between two floating-point numbers comes near to
// half a cent.
const largest = "1e13"

// inexact is the condition that column is no amount of two digits, give or take a
// thousandth of a cent or, for the largest ones, two steps of the format.
func inexact(column string) string {
	return `(CASE WHEN ` + column + ` >= 0 AND ` + column + ` < ` + largest + ` THEN
		abs(` + column + ` - round(` + column + `::text::numeric, 2)::float8) > greatest(0.00001, ` + column + ` * 4.5e-16)
		ELSE TRUE END)`
}

// minor is column in cents. The text of a number is its shortest, not its exact
// one: the cast to numeric would keep 15 digits.
func minor(column string) string {
	return `CASE WHEN ` + column + ` >= 0 AND ` + column + ` < ` + largest + ` THEN CAST(round(` + column + `::text::numeric, 2) * 100 AS NUMERIC) END`
}

// moveOrders gives each order the reservation that product knows for the stock
// which the old system took, and the history that can still be told: it was
// placed, and it has come to where it is.
func moveOrders(ctx context.Context, t *sqldb.Takeover) error {
	created := `coalesce(` + sqldb.MicrosOf("created_at") + `, ` + sqldb.MicrosOf("updated_at") + `, ` + sqldb.MicrosOf("now()") + `)`
	updated := `coalesce(` + sqldb.MicrosOf("updated_at") + `, ` + sqldb.MicrosOf("created_at") + `, ` + sqldb.MicrosOf("now()") + `)`
	err := t.Exec(ctx, `
		INSERT INTO orders (id, user_id, product_id, product_name, quantity, unit_price_minor, total_price_minor, status,
		                    reservation_id, created_at, updated_at, version)
		OVERRIDING SYSTEM VALUE
		SELECT id, user_id, product_id, product_name, quantity, (`+minor("unit_price")+`)::bigint, (`+minor("total_price")+`)::bigint,
		       lower(status::text COLLATE "C"), '`+domain.AdoptedPrefix+`' || lpad(to_hex(id::bigint), 12, '0'), `+created+`, `+updated+`,
		       CASE lower(status::text COLLATE "C") WHEN 'pending' THEN 1 ELSE 2 END
		  FROM `+sqldb.OldSchema+`.orders ORDER BY id`)
	if err != nil {
		return fmt.Errorf("copy orders: %w", err)
	}
	err = t.Exec(ctx, `
		INSERT INTO order_history (order_id, sequence, status, at, trace_id)
		SELECT id, 1, 'pending', created_at, '' FROM orders
		UNION ALL
		SELECT id, 2, status, updated_at, '' FROM orders WHERE version = 2`)
	if err != nil {
		return fmt.Errorf("tell the history of orders: %w", err)
	}
	err = t.Exec(ctx, `INSERT INTO reservations (id, outcome, order_id, decided_at)
		SELECT reservation_id, '`+ordered+`', id, created_at FROM orders`)
	if err != nil {
		return fmt.Errorf("note the reservations of orders: %w", err)
	}
	return nil
}
