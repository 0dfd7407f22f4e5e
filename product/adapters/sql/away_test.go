package sql_test

import (
	"testing"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"

	"shop/product/adapters/bus"
	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
	"shop/product/domain"
	"shop/product/ports"
)

// A claim, a release and every other call tell that the context has ended, so
// that nobody takes it for an answer.
func TestEndedContext(t *testing.T) {
	db := sqldbtest.Open(t, sql.Migrations())
	products, reservations := sql.NewProducts(db), sql.NewReservations(db, sqldb.NewInbox(), bus.Queue)
	p, err := products.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 5), now))
	if err != nil {
		t.Fatal(err)
	}
	ctx := ended(t)
	claim := storetest.Claim(p.ID, 1)
	change := func(p domain.Product) (domain.Product, error) { return p.Give(1, now), nil }
	_, errGet := products.Get(ctx, p.ID)
	_, errList := products.List(ctx, ports.List{}, 1)
	_, _, errCount := products.Count(ctx, domain.Filter{}, 0)
	_, errUpdate := products.Update(ctx, p.ID, change)
	_, errRemove := products.Remove(ctx, p.ID, func(domain.Product) error { return nil })
	_, _, errReserve := reservations.Reserve(ctx, claim, now, ttl)
	_, errRelease := reservations.Release(ctx, ports.Release{Claim: claim}, now, now)
	_, errDue := reservations.Due(ctx, now, 1)
	_, errPurge := reservations.Purge(ctx, now, now, 1)
	for name, err := range map[string]error{
		"get": errGet, "list": errList, "count": errCount, "update": errUpdate, "remove": errRemove, "reserve": errReserve,
		"release": errRelease, "due": errDue, "purge": errPurge, "confirm": reservations.Confirm(ctx, claim.ID),
		"close": reservations.Close(ctx, claim.ID, now),
	} {
		if errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got, err := products.Get(t.Context(), p.ID); err != nil || got != p {
		t.Errorf("something was done: %+v, %v", got, err)
	}
}
