package sql

import (
	"context"
	"fmt"

	"shop/kit/sqldb"

	"shop/product/domain"
)

// Adoption is how the products of the system before this one are taken over. Its
// stock has what is in orders taken out already.
func Adoption() *sqldb.Adoption {
	moment := []string{"timestamp without time zone", "timestamp with time zone"} // Without a zone: UTC.
	return &sqldb.Adoption{
		Version: 1,
		Tables: []sqldb.OldTable{{
			Name: "products",
			Columns: []sqldb.OldColumn{
				{Name: "id", Types: []string{"integer", "bigint"}},
				{Name: "name", Types: []string{"character varying", "text"}},
				{Name: "description", Types: []string{"character varying", "text"}},
				{Name: "price", Types: []string{"numeric(10,2)"}},
				{Name: "quantity", Types: []string{"integer", "bigint"}},
				{Name: "created_at", Types: moment},
				{Name: "updated_at", Types: moment},
			},
			Rules: []sqldb.OldRule{
				{Where: `id < 1`, Text: "an id below 1", Refused: true},
				{Where: `name IS NULL`, Text: "no name", Refused: true},
				{Where: `price IS NULL OR price < 0 OR price = 'NaN'`, Text: "no price, or a negative one", Refused: true},
				{Where: `quantity IS NULL OR quantity < 0`, Text: "no quantity, or a negative one", Refused: true},
				{Where: sqldb.OddMoment("created_at") + ` OR ` + sqldb.OddMoment("updated_at"), Text: "a time out of the years 1 to 9999", Refused: true},
				{Where: `price = 0`, Text: "the price 0.00; it is shown, and can't be ordered until it is given a price"},
				{Where: `char_length(description) > 1000`, Text: "a description longer than 1000 characters; it is kept"},
				{Where: `created_at IS NULL`, Text: "created_at is NULL: the time of the latest change is taken, else that of the adoption"},
			},
		}},
		Inspect: inspectProducts,
		Move:    moveProducts,
	}
}

func inspectProducts(ctx context.Context, t *sqldb.Takeover, f *sqldb.Findings) error {
	return t.Each(ctx, "products", "name", func(id int64, name string) {
		if _, err := domain.NewName(name); err != nil {
			f.Note("products", fmt.Sprintf("a name that no product could be given now (%v); it is kept", err), id)
		}
	})
}

func moveProducts(ctx context.Context, t *sqldb.Takeover) error {
	return t.Fill(ctx, "products", "name", func(_ int64, name string) string { return domain.Fold(name) }, `
		INSERT INTO products (id, name, name_folded, description, price_minor, quantity, created_at, updated_at, version)
		SELECT id, name, folded, description, CAST(price * 100 AS BIGINT), quantity,
		       coalesce(`+sqldb.MicrosOf("created_at")+`, `+sqldb.MicrosOf("updated_at")+`, `+sqldb.MicrosOf("now()")+`),
		       coalesce(`+sqldb.MicrosOf("updated_at")+`, `+sqldb.MicrosOf("created_at")+`, `+sqldb.MicrosOf("now()")+`), 1
		  FROM `+sqldb.OldSchema+`.products JOIN unnest($1::bigint[], $2::text[]) AS derived (id, folded) USING (id)`)
}
