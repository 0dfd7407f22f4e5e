package sqldb_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

func add(t testing.TB, db *sqldb.DB, o *sqldb.Outbox, events ...event.Event) {
	t.Helper()
	must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error { return o.Add(t.Context(), tx, events...) }))
}

func TestAddFillsInWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now), sqldb.IDs(func() string { return "the-id" }))
		given := event.Event{
			ID: "own-id", Type: "order.deleted", Key: "7", Sequence: 2, OccurredAt: c.Now().Add(-time.Hour),
			Data: json.RawMessage(`{"b":1, "a":"\u00e9"}`), Trace: map[string]string{"traceparent": "x"},
		}
		add(t, db, o, created("7", 1), given)
		got, err := o.Of(t.Context(), "7")
		must(t, err)
		if len(got) != 2 {
			t.Fatalf("got %d events, want 2", len(got))
		}
		first := got[0]
		if first.ID != "the-id" || !first.OccurredAt.Equal(c.Now()) || first.Attempts != 0 || !first.SentAt.IsZero() {
			t.Errorf("filled in as %+v", first)
		}
		if fmt.Sprint(got[1].Event) != fmt.Sprint(given) {
			t.Errorf("got %v, want %v", got[1].Event, given)
		}
	})
}

func TestAddIsPartOfItsTransaction(t *testing.T) {
	errNo := errors.New("no")
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			must(t, o.Add(t.Context(), tx, created("1", 1)))
			return errNo
		})
		n, oldest, e := o.Pending(t.Context())
		if !errors.Is(err, errNo) || n != 0 || oldest != 0 || e != nil {
			t.Errorf("got %v; %d events, %v old, %v", err, n, oldest, e)
		}
	})
}

func TestAddRefusesWhatCannotBePublished(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		add(t, db, o, event.Event{ID: "known", Type: "order.created", Key: "1", Sequence: 1, Data: json.RawMessage(`{}`)})
		for name, change := range map[string]func(*event.Event){
			"no type":                func(e *event.Event) { e.Type = "" },
			"no key":                 func(e *event.Event) { e.Key = "" },
			"no sequence":            func(e *event.Event) { e.Sequence = 0 },
			"no data":                func(e *event.Event) { e.Data = nil },
			"broken data":            func(e *event.Event) { e.Data = json.RawMessage(`{"a":`) },
			"a sequence used before": func(e *event.Event) { e.Key = "1" },
			"an id used before":      func(e *event.Event) { e.ID = "known" },
		} {
			t.Run(name, func(t *testing.T) {
				e := created("2", 1)
				change(&e)
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return o.Add(t.Context(), tx, e) })
				if err == nil {
					t.Fatal("no error")
				}
				if strings.HasSuffix(name, "before") != errors.Is(err, sqldb.ErrDuplicate) {
					t.Errorf("got %v", err)
				}
			})
		}
	})
}

func TestPending(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now))
		add(t, db, o, created("1", 1))
		c.Advance(time.Minute)
		add(t, db, o, created("2", 1), created("1", 2))
		c.Advance(time.Second)
		n, oldest, err := o.Pending(t.Context())
		if n != 3 || oldest != 61*time.Second || err != nil {
			t.Errorf("got %d, %v, %v, want 3, 1m1s", n, oldest, err)
		}
	})
}

func TestPurgeRemovesOldSentEventsOnly(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now))
		var many []event.Event
		for i := range 1203 {
			many = append(many, created(fmt.Sprint("old ", i), 1))
		}
		b := &broker{}
		add(t, db, o, many...)
		flush(t, o, b)
		c.Advance(time.Hour)
		add(t, db, o, created("young", 1))
		flush(t, o, b)
		add(t, db, o, created("unsent", 1))
		n, err := o.Purge(t.Context(), c.Now())
		if n != 1203 || err != nil {
			t.Errorf("purged %d, %v, want 1203", n, err)
		}
		for _, key := range []string{"young", "unsent"} {
			if got, err := o.Of(t.Context(), key); len(got) != 1 || err != nil {
				t.Errorf("%s: %v, %v", key, got, err)
			}
		}
	})
}

func TestInbox(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		in := sqldb.NewInbox(sqldb.InboxClock(c.Now))
		errNo := errors.New("no")
		once := func(queue, id string, then error) bool {
			t.Helper()
			var fresh bool
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
				fresh, err = in.Once(t.Context(), tx, queue, id)
				must(t, err)
				return then
			})
			if !errors.Is(err, then) {
				t.Fatal(err)
			}
			return fresh
		}
		for _, step := range []struct {
			queue, id string
			then      error
			want      bool
		}{
			{"q", "1", errNo, true}, {"q", "1", nil, true}, {"q", "1", nil, false},
			{"q", "2", nil, true}, {"other", "1", nil, true},
		} {
			if got := once(step.queue, step.id, step.then); got != step.want {
				t.Errorf("%+v: fresh is %t", step, got)
			}
		}
		c.Advance(time.Hour)
		for i := range 700 {
			once("q", fmt.Sprint("late ", i), nil)
		}
		if n, err := in.Purge(t.Context(), db, c.Now()); n != 3 || err != nil {
			t.Errorf("purged %d, %v, want 3", n, err)
		}
		if once("q", "late 5", nil) || !once("q", "1", nil) {
			t.Error("the wrong messages were forgotten")
		}
		if n, err := in.Purge(t.Context(), db, c.Now().Add(time.Second)); n != 701 || err != nil {
			t.Errorf("purged %d, %v, want 701", n, err)
		}
	})
}
