package orderstest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"shop/order/domain"
	"shop/order/ports"
)

func testChange(t *testing.T, open Open) {
	t.Run("update stores the order one change further", func(t *testing.T) {
		s, _ := open(t)
		o := become(t, added(t, s, owner), domain.Confirmed)
		if err := s.Update(t.Context(), o, announce); err != nil {
			t.Fatal(err)
		}
		wantStored(t, s, o)
		wantSteps(t, s, o.Snapshot().ID, "pending", "confirmed")
	})
	t.Run("update of what has changed since is stale", func(t *testing.T) {
		s, _ := open(t)
		read := added(t, s, owner)
		first := become(t, read, domain.Confirmed)
		if err := s.Update(t.Context(), first, announce); err != nil {
			t.Fatal(err)
		}
		wantError(t, "second update", s.Update(t.Context(), become(t, read, domain.Cancelled), announce), ports.ErrStale)
		wantError(t, "remove", s.Remove(t.Context(), read.Delete(start), announce), ports.ErrStale)
		wantStored(t, s, first)
		wantSteps(t, s, read.Snapshot().ID, "pending", "confirmed")
	})
	t.Run("update stores nothing without its event", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		wantError(t, "update", s.Update(t.Context(), become(t, o, domain.Confirmed), mute), errAnnounce)
		wantError(t, "remove", s.Remove(t.Context(), o.Delete(start), mute), errAnnounce)
		wantStored(t, s, o)
		wantSteps(t, s, o.Snapshot().ID, "pending")
	})
	t.Run("remove leaves the history", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		if err := s.Remove(t.Context(), o.Delete(start), announce); err != nil {
			t.Fatal(err)
		}
		_, err := s.Get(t.Context(), o.Snapshot().ID)
		wantError(t, "get", err, domain.ErrOrderNotFound)
		wantError(t, "remove again", s.Remove(t.Context(), o.Delete(start), announce), ports.ErrStale)
		wantError(t, "update", s.Update(t.Context(), become(t, o, domain.Confirmed), announce), ports.ErrStale)
		wantCount(t, s, owner, 0)
		wantSteps(t, s, o.Snapshot().ID, "pending", ports.Deleted)
	})
	t.Run("of many changes at once one is made", func(t *testing.T) {
		s, _ := open(t)
		o := added(t, s, owner)
		changes := []func() error{
			func() error { return s.Update(t.Context(), become(t, o, domain.Confirmed), announce) },
			func() error { return s.Update(t.Context(), become(t, o, domain.Cancelled), announce) },
			func() error { return s.Remove(t.Context(), o.Delete(start), announce) },
		}
		var made atomic.Int64
		var running sync.WaitGroup
		for i := range 12 {
			running.Go(func() {
				switch err := changes[i%len(changes)](); {
				case err == nil:
					made.Add(1)
				case !errors.Is(err, ports.ErrStale):
					t.Errorf("change: %v", err)
				}
			})
		}
		running.Wait()
		if made.Load() != 1 {
			t.Errorf("%d changes were made, want 1", made.Load())
		}
		d, err := s.Dossier(t.Context(), o.Snapshot().ID)
		if err != nil || len(d.Events) != 2 || len(d.History) != 2 {
			t.Errorf("dossier %+v, error %v; want 2 steps and 2 events", d, err)
		}
	})
}
