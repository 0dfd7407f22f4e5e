package metrics_test

import (
	"context"
	"testing"
	"time"

	"shop/kit/testkit"

	"shop/product/adapters/memory"
	"shop/product/adapters/metrics"
	"shop/product/adapters/storetest"
	"shop/product/domain"
	"shop/product/ports"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		s := memory.New()
		return storetest.Store{Products: s, Reservations: metrics.NewReservations(s, testkit.Telemetry(t).Telemetry)}
	})
}

// away fails whatever it is asked.
type away struct{ ports.Reservations }

func (away) Confirm(context.Context, domain.ReservationID) error { return context.DeadlineExceeded }

func TestOutcomesAreCounted(t *testing.T) {
	tel := testkit.Telemetry(t)
	if n := tel.Series("product_reservations_total"); n != 0 {
		t.Fatalf("%d series before", n)
	}
	store := memory.New()
	r := metrics.NewReservations(store, tel.Telemetry)
	if n := tel.Series("product_reservations_total"); n != 7 {
		t.Errorf("%d outcomes exist from the start, want 7", n)
	}
	now := time.Now()
	p, err := store.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 3), now))
	if err != nil {
		t.Fatal(err)
	}
	claim := storetest.Claim(p.ID, 2)
	for _, c := range []domain.Claim{
		claim, claim, // reserved
		storetest.Claim(p.ID, 2),                   // insufficient
		storetest.Claim(99, 1),                     // not_found
		{ID: claim.ID, Product: p.ID, Quantity: 1}, // refused
	} {
		_, _, _ = r.Reserve(t.Context(), c, now, time.Minute)
	}
	if err := r.Confirm(t.Context(), claim.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Release(t.Context(), ports.Release{Claim: claim}, now, now); err != nil {
		t.Fatal(err)
	}
	if err := metrics.NewReservations(away{}, tel.Telemetry).Confirm(t.Context(), claim.ID); err == nil {
		t.Error("no error")
	}
	for outcome, want := range map[string]float64{
		"reserved": 2, "insufficient": 1, "not_found": 1, "refused": 1, "confirmed": 1, "released": 1, "error": 1,
	} {
		if got := tel.Value("product_reservations_total", "outcome", outcome); got != want {
			t.Errorf("%s: got %v, want %v", outcome, got, want)
		}
	}
}
