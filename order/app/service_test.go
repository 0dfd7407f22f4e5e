package app_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"shop/kit/errs"
	"shop/order/app"
	"shop/order/domain"
	"shop/order/ports"
)

func TestOwnership(t *testing.T) {
	f := newFixture(t)
	id := f.place(three).Snapshot().ID
	calls := map[string]struct {
		forbidden error
		call      func(domain.UserID, domain.OrderID) error
	}{
		"get": {domain.ErrViewForbidden, func(u domain.UserID, id domain.OrderID) error {
			_, err := f.Get(t.Context(), u, id)
			return err
		}},
		// A jump that nobody may make: forbidden speaks before conflict.
		"change": {domain.ErrUpdateForbidden, func(u domain.UserID, id domain.OrderID) error {
			_, err := f.ChangeStatus(t.Context(), u, ports.ChangeStatus{ID: id, To: domain.Delivered})
			return err
		}},
		"delete": {domain.ErrDeleteForbidden, func(u domain.UserID, id domain.OrderID) error {
			return f.Delete(t.Context(), u, id)
		}},
	}
	for name, c := range calls {
		wantError(t, name+" by a stranger", c.call(stranger, id), c.forbidden)
		err := c.call(stranger, 4711)
		wantError(t, name+" of nothing", err, domain.ErrOrderNotFound)
		if got := errs.Of(err).Params["id"]; got != int64(4711) {
			t.Errorf("%s of nothing: id %v", name, got)
		}
	}
	f.want(7, 1)
	if o, err := f.Get(t.Context(), buyer, id); err != nil || o.Snapshot().ID != id {
		t.Errorf("get by the owner: %+v, %v", o, err)
	}
}

func TestChangeStatus(t *testing.T) {
	f := newFixture(t)
	id := f.place(three).Snapshot().ID
	if o := f.become(id, domain.Confirmed, domain.Confirmed, domain.Shipped, domain.Delivered); o.Snapshot().Status != domain.Delivered {
		t.Errorf("order %+v", o.Snapshot())
	}
	_, err := f.ChangeStatus(t.Context(), buyer, ports.ChangeStatus{ID: id, To: domain.Cancelled})
	wantError(t, "cancel what is delivered", err, domain.ErrTransition)
	f.wantEvents(
		"1 order.created pending",
		"2 order.status_changed confirmed after pending",
		"3 order.status_changed shipped after confirmed",
		"4 order.status_changed delivered after shipped",
	)
}

func TestDelete(t *testing.T) {
	f := newFixture(t)
	id := f.place(three).Snapshot().ID
	f.become(id, domain.Confirmed)
	if err := f.Delete(t.Context(), buyer, id); err != nil {
		t.Fatal(err)
	}
	_, err := f.Get(t.Context(), buyer, id)
	wantError(t, "get", err, domain.ErrOrderNotFound)
	wantError(t, "delete again", f.Delete(t.Context(), buyer, id), domain.ErrOrderNotFound)
	f.wantEvents(
		"1 order.created pending",
		"2 order.status_changed confirmed after pending",
		"3 order.deleted confirmed",
	)
	d, err := f.Inspect(t.Context(), id)
	if err != nil || d.Order != nil || len(d.History) != 3 {
		t.Errorf("dossier %+v, %v", d, err)
	}
}

// TestChangesAtOnce lets every pair of changes of a pending order race: each
// is made in some order or refused as if the other came first, and the stock of
// the order goes back by one event at most.
func TestChangesAtOnce(t *testing.T) {
	type change struct {
		name string
		call func(f fixture, id domain.OrderID) error
	}
	to := func(s domain.Status) change {
		return change{string(s), func(f fixture, id domain.OrderID) error {
			_, err := f.ChangeStatus(f.t.Context(), buyer, ports.ChangeStatus{ID: id, To: s})
			return err
		}}
	}
	changes := []change{to(domain.Confirmed), to(domain.Cancelled), {"delete", func(f fixture, id domain.OrderID) error {
		return f.Delete(f.t.Context(), buyer, id)
	}}}
	for i, a := range changes {
		for _, b := range changes[i:] {
			t.Run(a.name+" and "+b.name, func(t *testing.T) {
				f := newFixture(t)
				id := f.place(three).Snapshot().ID
				var changed atomic.Int64
				var running sync.WaitGroup
				for _, c := range []change{a, b, a, b} {
					running.Go(func() {
						switch err := c.call(f, id); {
						case err == nil:
							changed.Add(1)
						case !errors.Is(err, domain.ErrTransition) && !errors.Is(err, domain.ErrOrderNotFound):
							t.Errorf("%s: %v", c.name, err)
						}
					})
				}
				running.Wait()
				if changed.Load() == 0 {
					t.Error("nobody succeeded")
				}
				wantReleasedOnce(t, f)
			})
		}
	}
}

// wantReleasedOnce fails if the events make product release the stock twice, or
// miss a number.
func wantReleasedOnce(t *testing.T, f fixture) {
	t.Helper()
	releases := 0
	for i, e := range f.store.Announced() {
		if e.Sequence != int64(i+1) {
			t.Errorf("event %d has sequence %d", i+1, e.Sequence)
		}
		status := decode(t, e).Status
		if e.Type == app.StatusChanged && status == "cancelled" ||
			e.Type == app.Deleted && (status == "pending" || status == "confirmed") {
			releases++
		}
	}
	if releases > 1 {
		t.Errorf("the stock is released %d times", releases)
	}
}

func TestSettle(t *testing.T) {
	f := newFixture(t)
	o := f.place(three)
	for range 2 {
		if d, err := f.Settle(t.Context(), o.Snapshot().Reservation); err != nil || d != domain.Keep {
			t.Errorf("of an order: %q, %v", d, err)
		}
		if d, err := f.Settle(t.Context(), "unknown"); err != nil || d != domain.Abandoned {
			t.Errorf("of nothing: %q, %v", d, err)
		}
	}
}

func TestInspectUnknown(t *testing.T) {
	_, err := newFixture(t).Inspect(t.Context(), 4711)
	wantError(t, "inspect", err, domain.ErrOrderNotFound)
}
