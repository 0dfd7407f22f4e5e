package sql_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
	"shop/notification/adapters/sql"
	"shop/notification/adapters/storetest"
	"shop/notification/domain"
	"shop/notification/ports"
)

func TestStore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		storetest.Run(t, func(t *testing.T) storetest.Store {
			db := e.Open(t)
			sqldbtest.Migrate(t, db, sql.Migrations())
			return sql.New(db, "order_notifications", time.Now)
		})
	})
}

// TestRoundTrips counts how often an event waits for PostgreSQL, whatever the
// number of channels.
func TestRoundTrips(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // There is no network.
		}
		ctx, at, until := t.Context(), time.Now(), time.Now().Add(time.Minute)
		wire := sqldbtest.NewWire(t, e.URL(t))
		db := sqldbtest.OpenURL(t, wire.URL, nil)
		sqldbtest.Migrate(t, db, sql.Migrations())
		store := sql.New(db, "order_notifications", time.Now)
		for round := range int64(2) { // In the first the statements are prepared.
			n := domain.News{
				EventID: fmt.Sprint(round), Type: domain.OrderCreated, Sequence: 1, OccurredAt: at,
				Order: domain.Order{ID: round + 1, UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
			}
			var claimed []domain.Notification
			for _, step := range []struct {
				name string
				want int64
				do   func() error
			}{
				{"record", 5, func() error { // Begin; inbox, progress, notifications; commit.
					contact := domain.Contact{Email: "an@example.com", Phone: "+84901234567"}
					_, err := store.Record(ctx, n, n.Notifications(contact, domain.Channels(), at))
					return err
				}},
				{"claim", 1, func() (err error) { claimed, err = store.Claim(ctx, domain.Email, at, until, 8); return err }},
				{"settle", 1, func() error { return store.Settle(ctx, claimed[0], claimed[0].Delivered(at)) }},
			} {
				wire.RoundTrips()
				if err := step.do(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if got := wire.RoundTrips(); round > 0 && got != step.want {
					t.Errorf("%s: %d round trips, want %d", step.name, got, step.want)
				}
			}
		}
	})
}

func TestMigrations(t *testing.T) {
	sqldbtest.Migrations(t, sql.Migrations())
	sqldbtest.Inbox(t, sql.Migrations())
}

// TestUnfinishedNotificationsSurviveARestart: what was due, and what a dead
// process had claimed, is there for the next one.
func TestUnfinishedNotificationsSurviveARestart(t *testing.T) {
	url := sqldbtest.FileURL(filepath.Join(t.TempDir(), "notification.db"))
	at := time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)
	func() {
		db := sqldbtest.OpenURL(t, url, nil)
		defer db.Close()
		sqldbtest.Migrate(t, db, sql.Migrations())
		store := sql.New(db, "order_notifications", time.Now)
		for i, id := range []string{"a", "b"} {
			n := domain.News{
				EventID: id, Type: domain.OrderCreated, Sequence: 1, OccurredAt: at,
				Order: domain.Order{ID: int64(i + 1), UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
			}
			rows := n.Notifications(domain.Contact{Email: "an@example.com"}, domain.Channels(), at)
			if _, err := store.Record(t.Context(), n, rows); err != nil {
				t.Fatal(err)
			}
		}
		if claimed, err := store.Claim(t.Context(), domain.Email, at, at.Add(time.Minute), 1); err != nil || len(claimed) != 1 {
			t.Fatalf("claim: %v, %v", claimed, err)
		}
	}()
	store := sql.New(sqldbtest.OpenURL(t, url, nil), "order_notifications", time.Now)
	later := at.Add(time.Minute)
	claimed, err := store.Claim(t.Context(), domain.Email, later, later.Add(time.Minute), 10)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("after the restart: %v, %v, want both", claimed, err)
	}
	for _, n := range claimed {
		if n.Recipient != "an@example.com" {
			t.Errorf("%s: recipient %q", n.EventID, n.Recipient)
		}
		if err := store.Settle(t.Context(), n, n.Delivered(later)); err != nil {
			t.Error(err)
		}
	}
}

// TestContactDataIsForgotten: none is left once its notification has ended.
func TestContactDataIsForgotten(t *testing.T) {
	db := sqldbtest.Open(t, sql.Migrations())
	store := sql.New(db, "order_notifications", time.Now)
	at := time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)
	n := domain.News{
		EventID: "a", Type: domain.OrderCreated, Sequence: 1, OccurredAt: at,
		Order: domain.Order{ID: 7, UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
	}
	contact := domain.Contact{Email: "an@example.com", Phone: "+84901234567"}
	if _, err := store.Record(t.Context(), n, n.Notifications(contact, domain.Channels(), at)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []domain.Channel{domain.Email, domain.SMS} {
		claimed, err := store.Claim(t.Context(), c, at, at.Add(time.Minute), 1)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claim %s: %v, %v", c, claimed, err)
		}
		after := claimed[0].Delivered(at)
		if c == domain.SMS {
			after = claimed[0].Missed(domain.Rejected("http 400"), at, domain.Policy{Attempts: 8}, 0)
		}
		if err := store.Settle(t.Context(), claimed[0], after); err != nil {
			t.Fatal(err)
		}
	}
	var left int
	if err := db.Get(t.Context(), &left, `SELECT count(*) FROM notifications WHERE recipient <> ''`); err != nil || left != 0 {
		t.Errorf("rows with contact data: %d, %v, want none", left, err)
	}
}

// TestAnEventThatTheInboxForgotIsToldOnce: a dead letter that is replayed after
// months finds its notifications, whatever channels there are by now.
func TestAnEventThatTheInboxForgotIsToldOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		db := e.Open(t)
		sqldbtest.Migrate(t, db, sql.Migrations())
		clock := testkit.NewClock(time.Time{})
		store := sql.New(db, "order_notifications", clock.Now)
		n := domain.News{
			EventID: "a", Type: domain.OrderCreated, Sequence: 1, OccurredAt: clock.Now(),
			Order: domain.Order{ID: 7, UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
		}
		record := func(c domain.Contact) ports.Outcome {
			t.Helper()
			outcome, err := store.Record(t.Context(), n, n.Notifications(c, domain.Channels(), clock.Now()))
			if err != nil {
				t.Fatal(err)
			}
			return outcome
		}
		if got := record(domain.Contact{Email: "an@example.com"}); got != ports.Recorded {
			t.Errorf("first: %s", got)
		}
		recorded := clock.Now()
		for _, step := range []struct {
			before     time.Time
			remembered int
		}{{recorded, 1}, {recorded.Add(time.Microsecond), 0}} {
			if err := store.Forget(t.Context(), step.before); err != nil {
				t.Fatal(err)
			}
			var remembered int
			if err := db.Get(t.Context(), &remembered, `SELECT count(*) FROM inbox`); err != nil || remembered != step.remembered {
				t.Errorf("the inbox has %d, %v, want %d", remembered, err, step.remembered)
			}
			if got := record(domain.Contact{Email: "an@example.com", Phone: "+84901234567"}); got != ports.Duplicate {
				t.Errorf("again: %s", got)
			}
		}
		told, err := store.OfOrder(t.Context(), 7)
		if err != nil || len(told) != 1 {
			t.Errorf("%d notifications, %v, want one", len(told), err)
		}
	})
}

// TestARememberedEventHoldsUpNoOther: events that arrive together with one that
// only the notifications remember are recorded all the same.
func TestARememberedEventHoldsUpNoOther(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		db := e.Open(t)
		sqldbtest.Migrate(t, db, sql.Migrations())
		clock := testkit.NewClock(time.Time{})
		store := sql.New(db, "order_notifications", clock.Now)
		record := func(order int64) ports.Outcome {
			n := domain.News{
				EventID: fmt.Sprint("e", order), Type: domain.OrderCreated, Sequence: 1, OccurredAt: clock.Now(),
				Order: domain.Order{ID: order, UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
			}
			outcome, err := store.Record(t.Context(), n, n.Notifications(domain.Contact{Email: "an@example.com"}, domain.Channels(), clock.Now()))
			if err != nil {
				t.Error(err)
			}
			return outcome
		}
		const orders = 60
		record(orders / 2)
		if err := store.Forget(t.Context(), clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		var arriving sync.WaitGroup
		for order := range int64(orders) {
			arriving.Go(func() {
				want := ports.Recorded
				if order == orders/2 {
					want = ports.Duplicate
				}
				if got := record(order); got != want {
					t.Errorf("order %d: %s, want it %s", order, got, want)
				}
			})
		}
		arriving.Wait()
		var told int
		if err := db.Get(t.Context(), &told, `SELECT count(DISTINCT order_id) FROM notifications`); err != nil || told != orders {
			t.Errorf("%d orders are told, %v, want %d", told, err, orders)
		}
	})
}
