package orderstest

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"shop/order/domain"
	"shop/order/ports"
)

func testSettle(t *testing.T, open Open) {
	t.Run("a reservation with an order is kept", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		wantDecision(t, s, o.Snapshot().Reservation, domain.Keep)
		if err := s.Remove(t.Context(), o.Delete(start), announce); err != nil {
			t.Fatal(err)
		}
		wantDecision(t, s, o.Snapshot().Reservation, domain.Keep) // order.deleted has given the pieces back.
	})
	t.Run("a reservation without an order is abandoned for good", func(t *testing.T) {
		s, _ := open(t)
		o := draft(t, owner)
		wantDecision(t, s, o.Snapshot().Reservation, domain.Abandoned)
		_, err := s.Add(t.Context(), o, announce, nil)
		wantError(t, "late add", err, domain.ErrReservationGone)
		wantDecision(t, s, o.Snapshot().Reservation, domain.Abandoned)
		wantCount(t, s, owner, 0)
	})
	t.Run("a late add does not finish its key", func(t *testing.T) {
		s, keys := open(t)
		o := draft(t, owner)
		p := ports.Presentation{User: owner, Key: "k", Reservation: o.Snapshot().Reservation, At: start}
		a, _, err := keys.Present(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		wantDecision(t, s, o.Snapshot().Reservation, domain.Abandoned)
		_, err = s.Add(t.Context(), o, announce, &a)
		wantError(t, "late add", err, domain.ErrReservationGone)
		_, outcome, err := keys.Present(t.Context(), p)
		if outcome != nil {
			t.Errorf("outcome %+v, want none", outcome)
		}
		wantError(t, "present", err, domain.ErrKeyInUse)
	})
	t.Run("of add and abandonment at once one takes place", func(t *testing.T) {
		s, _ := open(t)
		const rounds = 60
		outcomes := map[domain.Decision]int{}
		for range rounds {
			outcomes[race(t, s, draft(t, owner))]++
		}
		wantCount(t, s, owner, int64(outcomes[domain.Keep]))
		if outcomes[domain.Keep]+outcomes[domain.Abandoned] != rounds {
			t.Errorf("outcomes %v", outcomes)
		}
	})
	t.Run("many questions at once get one answer", func(t *testing.T) {
		s, _ := open(t)
		id := domain.ReservationID(uuid.NewString())
		var running sync.WaitGroup
		for range 16 {
			running.Go(func() { wantDecision(t, s, id, domain.Abandoned) })
		}
		running.Wait()
	})
}

// race adds o while its reservation is being settled, and returns the decision
// after it has checked that the two agree.
func race(t *testing.T, s ports.Orders, o domain.Order) domain.Decision {
	t.Helper()
	var running sync.WaitGroup
	var adding, settling error
	var decision domain.Decision
	running.Go(func() { _, adding = s.Add(t.Context(), o, announce, nil) })
	running.Go(func() { decision, settling = s.Settle(t.Context(), o.Snapshot().Reservation, start) })
	running.Wait()
	if settling != nil {
		t.Fatal("settle:", settling)
	}
	switch {
	case adding == nil && decision == domain.Keep:
	case errors.Is(adding, domain.ErrReservationGone) && decision == domain.Abandoned:
	default:
		t.Errorf("decision %q, but add said %v", decision, adding)
	}
	return decision
}

func wantDecision(t *testing.T, s ports.Orders, id domain.ReservationID, want domain.Decision) {
	t.Helper()
	got, err := s.Settle(t.Context(), id, start)
	if err != nil || got != want {
		t.Errorf("settle: %q, %v; want %q", got, err, want)
	}
}
