package orderstest

import (
	"math"
	"testing"

	"github.com/google/uuid"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/order/domain"
	"shop/order/ports"
)

func testAdd(t *testing.T, open Open) {
	t.Run("gives an id and keeps every field", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		if o.Snapshot().ID < 1 {
			t.Errorf("id %d", o.Snapshot().ID)
		}
		wantStored(t, s, o)
	})
	t.Run("keeps the largest figures", func(t *testing.T) {
		s, _ := open(t)
		largest, err := domain.Place(math.MaxInt64, math.MaxInt64, domain.MaxQuantity, domain.Reserved{
			ID: domain.ReservationID(uuid.NewString()), ProductName: "x", UnitPrice: math.MaxInt64 / domain.MaxQuantity,
		}, start)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Add(t.Context(), largest, announce, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantStored(t, s, o)
	})
	t.Run("ids grow and are never given twice", func(t *testing.T) {
		s, _ := open(t)
		first, second := added(t, s, owner), added(t, s, owner)
		if err := s.Remove(t.Context(), second.Delete(start), announce); err != nil {
			t.Fatal(err)
		}
		third := added(t, s, owner)
		if a, b, c := first.Snapshot().ID, second.Snapshot().ID, third.Snapshot().ID; a >= b || b >= c {
			t.Errorf("ids %d, %d, %d", a, b, c)
		}
	})
	t.Run("announces the order with its id", func(t *testing.T) {
		s, _ := open(t)
		var seen domain.Order
		o, err := s.Add(t.Context(), draft(t, owner), func(o domain.Order) (event.Event, error) {
			seen = o
			return announce(o)
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if seen != o {
			t.Errorf("announced %+v, want %+v", seen, o)
		}
		wantSteps(t, s, o.Snapshot().ID, "pending")
	})
	t.Run("stores nothing without its event", func(t *testing.T) {
		s, _ := open(t)
		o := draft(t, owner)
		_, err := s.Add(t.Context(), o, mute, nil)
		wantError(t, "add", err, errAnnounce)
		wantCount(t, s, owner, 0)
		if _, err := s.Add(t.Context(), o, announce, nil); err != nil {
			t.Error("add again:", err)
		}
	})
	t.Run("an unknown order is not found", func(t *testing.T) {
		s, _ := open(t)
		_, err := s.Get(t.Context(), 4711)
		wantError(t, "get", err, domain.ErrOrderNotFound)
		if got := errs.Of(err).Params["id"]; got != int64(4711) {
			t.Errorf("id of the error is %v", got)
		}
	})
	t.Run("a reservation is for one order", func(t *testing.T) {
		s, _ := open(t)
		o := draft(t, owner)
		if _, err := s.Add(t.Context(), o, announce, nil); err != nil {
			t.Fatal(err)
		}
		_, err := s.Add(t.Context(), o, announce, nil)
		wantError(t, "add again", err, domain.ErrReservationGone)
		wantCount(t, s, owner, 1)
	})
	t.Run("becomes the outcome of its key", func(t *testing.T) {
		s, keys := open(t)
		p := ports.Presentation{User: owner, Key: "k", Request: domain.Fingerprint{1}, Reservation: "r", At: start}
		a, _, err := keys.Present(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Add(t.Context(), draft(t, owner), announce, &a)
		if err != nil {
			t.Fatal(err)
		}
		confirmed := become(t, o, domain.Confirmed)
		if err := s.Update(t.Context(), confirmed, announce); err != nil {
			t.Fatal(err)
		}
		_, outcome, err := keys.Present(t.Context(), p)
		if err != nil || outcome == nil || outcome.Order == nil {
			t.Fatalf("present again: %+v, %v", outcome, err)
		}
		if *outcome.Order != o {
			t.Errorf("outcome %+v, want the order as it was placed %+v", outcome.Order.Snapshot(), o.Snapshot())
		}
	})
	t.Run("of an attempt that was taken over stores nothing", func(t *testing.T) {
		s, keys := open(t)
		p := ports.Presentation{User: owner, Key: "k", Request: domain.Fingerprint{1}, Reservation: "r", At: start}
		late, _, err := keys.Present(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		p.At = start.Add(domain.KeyLease)
		current, _, err := keys.Present(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Add(t.Context(), draft(t, owner), announce, &late)
		wantError(t, "late add", err, ports.ErrSuperseded)
		wantCount(t, s, owner, 0)
		if _, err := s.Add(t.Context(), draft(t, owner), announce, &current); err != nil {
			t.Error("current add:", err)
		}
	})
}

func wantCount(t *testing.T, s ports.Orders, u domain.UserID, want int64) {
	t.Helper()
	page, err := s.List(t.Context(), u, ports.List{Limit: 1}, 1)
	if err != nil {
		t.Fatal("list:", err)
	}
	if page.Total != want {
		t.Errorf("%d orders, want %d", page.Total, want)
	}
}
