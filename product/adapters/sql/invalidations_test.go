package sql_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"

	"shop/product/adapters/bus"
	"shop/product/adapters/sql"
	"shop/product/adapters/storetest"
	"shop/product/domain"
	"shop/product/ports"
)

// noting is a store whose changes are noted.
type noting struct {
	storetest.Store
	list  *sql.Invalidations
	clock *testkit.Clock
	db    *sqldb.DB
}

func openNoting(t *testing.T, e sqldbtest.Engine) noting {
	t.Helper()
	db, clock := e.Open(t), testkit.NewClock(now)
	sqldbtest.Migrate(t, db, sql.Migrations())
	list := sql.NewInvalidations(db, clock.Now)
	return noting{storetest.Store{
		Products:     sql.NewProducts(db, sql.Noting(list)),
		Reservations: sql.NewReservations(db, sqldb.NewInbox(), bus.Queue, sql.Noting(list)),
	}, list, clock, db}
}

// notes returns what Apply is given, and what of it fails.
func (n noting) notes(t *testing.T, fail error) (map[domain.ID]int64, error) {
	t.Helper()
	seen := map[domain.ID]int64{}
	err := n.list.Apply(t.Context(), func(_ context.Context, id domain.ID, version int64) error {
		seen[id] = version
		return fail
	})
	return seen, err
}

func (n noting) wants(t *testing.T, what string, want map[domain.ID]int64) {
	t.Helper()
	if got, err := n.notes(t, nil); err != nil || !maps.Equal(got, want) {
		t.Errorf("%s: noted are %v, %v; want %v", what, got, err, want)
	}
}

func (n noting) rows(t *testing.T) (rows int) {
	t.Helper()
	if err := n.db.Get(t.Context(), &rows, `SELECT count(*) FROM cache_invalidations`); err != nil {
		t.Fatal(err)
	}
	return rows
}

// A store that notes keeps the contract of stores.
func TestStoreThatNotes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		storetest.Run(t, func(t *testing.T) storetest.Store { return openNoting(t, e).Store })
	})
}

func TestEveryChangeIsNoted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		s := openNoting(t, e)
		s.wants(t, "at first", map[domain.ID]int64{})
		p, err := s.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 5), now))
		if err != nil {
			t.Fatal(err)
		}
		one := func(version int64) map[domain.ID]int64 { return map[domain.ID]int64{p.ID: version} }
		s.wants(t, "creation", one(1))
		if _, err := s.Update(t.Context(), p.ID, func(p domain.Product) (domain.Product, error) { return p.Give(1, now), nil }); err != nil {
			t.Fatal(err)
		}
		s.wants(t, "update", one(2))
		claim := storetest.Claim(p.ID, 1)
		if _, moved, err := s.Reserve(t.Context(), claim, now, ttl); err != nil || moved.Version != 3 {
			t.Fatal(moved, err)
		}
		s.wants(t, "reservation", one(3))
		if moved, err := s.Release(t.Context(), ports.Release{Claim: claim}, now, now); err != nil || moved.Version != 4 {
			t.Fatal(moved, err)
		}
		s.wants(t, "release", one(4))
		if _, _, err := s.Reserve(t.Context(), storetest.Claim(p.ID, 100), now, ttl); !errors.Is(err, domain.ErrInsufficientStock) {
			t.Error(err)
		}
		objection := errors.New("no")
		if _, err := s.Update(t.Context(), p.ID, func(p domain.Product) (domain.Product, error) { return p.Give(1, now), objection }); !errors.Is(err, objection) {
			t.Error(err)
		}
		if _, err := s.Remove(t.Context(), p.ID, func(domain.Product) error { return objection }); !errors.Is(err, objection) {
			t.Error(err)
		}
		s.wants(t, "what was refused", map[domain.ID]int64{})
		if _, err := s.Remove(t.Context(), p.ID, func(domain.Product) error { return nil }); err != nil {
			t.Fatal(err)
		}
		s.wants(t, "removal", one(5))
	})
}

// What could not be applied stays, and what was is taken off together.
func TestNotesAreTakenOffWhenTheyAreApplied(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		s := openNoting(t, e)
		all := map[domain.ID]int64{}
		for range 3 {
			p, err := s.Add(t.Context(), domain.NewProduct(storetest.Draft(t, "Laptop", "1", 5), now))
			if err != nil {
				t.Fatal(err)
			}
			all[p.ID] = 1
		}
		away := errors.New("the cache is away")
		if got, err := s.notes(t, away); !errors.Is(err, away) || len(got) != 1 {
			t.Errorf("%v, %v; want the first failure to end it", got, err)
		}
		s.wants(t, "after the failure", all)
		if n := s.rows(t); n != 0 { // The first sweep comes at once.
			t.Errorf("%d notes are left", n)
		}
		taken := domain.ID(1)
		for id := range all {
			if _, err := s.Update(t.Context(), id, func(p domain.Product) (domain.Product, error) { return p.Give(1, now), nil }); err != nil {
				t.Fatal(err)
			}
			taken = id
			all[id] = 2
		}
		s.list.Applied(taken, 2)
		delete(all, taken)
		s.wants(t, "but for the one that is known as applied", all)
		if n := s.rows(t); n != 3 {
			t.Errorf("%d notes are left so soon after the last sweep, want 3", n)
		}
		s.wants(t, "a second time", map[domain.ID]int64{})
		// Another process knows nothing of that and applies them again.
		another := noting{list: sql.NewInvalidations(s.db, s.clock.Now), db: s.db}
		if _, err := another.notes(t, away); !errors.Is(err, away) {
			t.Errorf("another process: %v", err)
		}
		// One is overwritten before the sweep: its newer note stays.
		if _, err := s.Update(t.Context(), taken, func(p domain.Product) (domain.Product, error) { return p.Give(1, now), nil }); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Minute)
		if _, err := s.notes(t, away); !errors.Is(err, away) {
			t.Error(err)
		}
		if n := s.rows(t); n != 3 {
			t.Errorf("%d notes are left after a look that failed, want 3", n)
		}
		s.wants(t, "the overwritten one", map[domain.ID]int64{taken: 3})
		s.clock.Advance(time.Minute)
		if n := s.rows(t); n != 0 {
			t.Errorf("%d notes are left", n)
		}
	})
}

// More than one batch is one list.
func TestALongListIsAppliedWhole(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		s := openNoting(t, e)
		const n = 1234
		if _, err := s.db.Exec(t.Context(), `INSERT INTO cache_invalidations (product_id, version)
			WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 1234) SELECT id, id FROM ids`); err != nil {
			t.Fatal(err)
		}
		got, err := s.notes(t, nil)
		if err != nil || len(got) != n || got[n] != n {
			t.Errorf("%d notes, %v; want %d", len(got), err, n)
		}
		if left := s.rows(t); left != 0 {
			t.Errorf("%d notes are left", left)
		}
	})
}
