package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// broker stores what it is sent, unless refuse has something against it.
type broker struct {
	mu     sync.Mutex
	stored []event.Event
	calls  int
	refuse func(event.Event) error
	before func(context.Context, []event.Event) // Called at each publish.
	after  func([]event.Event)
}

func (b *broker) Publish(ctx context.Context, events []event.Event) []error {
	if b.before != nil {
		b.before(ctx, events)
	}
	b.mu.Lock()
	results := make([]error, len(events))
	b.calls++
	for i, e := range events {
		if b.refuse != nil {
			results[i] = b.refuse(e)
		}
		if results[i] == nil {
			b.stored = append(b.stored, e)
		}
	}
	b.mu.Unlock()
	if b.after != nil {
		b.after(events)
	}
	return results
}

// names are the stored events, "key/sequence".
func (b *broker) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, e := range b.stored {
		names = append(names, fmt.Sprint(e.Key, "/", e.Sequence))
	}
	return names
}

func (b *broker) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(b.names(), " "); got != want {
		t.Errorf("the broker has %q, want %q", got, want)
	}
}

// soon is how long a test waits for what should come at once.
const soon = 20 * time.Second

// quick are settings for tests.
func quick(s sqldb.RelaySettings) sqldb.RelayOption {
	if s.Poll == 0 {
		s.Poll = 5 * time.Millisecond
	}
	if s.MaxWait == 0 {
		s.MaxWait = 5 * time.Millisecond
	}
	if s.Pace == 0 {
		s.Pace = time.Millisecond
	}
	return sqldb.With(s)
}

// flush publishes what is due, as a relay does at its end.
func flush(t *testing.T, o *sqldb.Outbox, p event.Publisher, opts ...sqldb.RelayOption) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, sqldb.NewRelay(o, p, telemetry.Nop(), opts...).Run(ctx))
}

// run runs a relay until the test ends or stop is called.
func run(t *testing.T, o *sqldb.Outbox, p event.Publisher, tel *telemetry.Telemetry, opts ...sqldb.RelayOption) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sqldb.NewRelay(o, p, tel, opts...).Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func TestARelayIsWokenByACommit(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o, b := sqldb.NewOutbox(db, telemetry.Nop(), "order"), &broker{}
		run(t, o, b, telemetry.Nop(), quick(sqldb.RelaySettings{Poll: time.Hour}))
		for n := range 3 {
			add(t, db, o, created("7", int64(n+1)))
			testkit.Eventually(t, soon, func() bool { return len(b.names()) == n+1 }, "the event is published")
		}
		b.want(t, "7/1 7/2 7/3")
		testkit.Eventually(t, soon, func() bool { n, _, err := o.Pending(t.Context()); must(t, err); return n == 0 }, "they are marked")
		got, err := o.Of(t.Context(), "7")
		must(t, err)
		if got[0].SentAt.IsZero() || got[0].Attempts != 1 {
			t.Errorf("kept as %+v", got[0])
		}
	})
}

func TestARelayPollsForEventsOfOtherProcesses(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		b := &broker{}
		run(t, sqldb.NewOutbox(db, telemetry.Nop(), "order"), b, telemetry.Nop(), quick(sqldb.RelaySettings{}))
		add(t, db, sqldb.NewOutbox(db, telemetry.Nop(), "order"), created("7", 1))
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == 1 }, "the event is published")
	})
}

func TestARelayPublishesInBatches(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o, b := sqldb.NewOutbox(db, telemetry.Nop(), "order"), &broker{}
		var many []event.Event
		for i := range 1000 {
			many = append(many, created(fmt.Sprint(i), 1))
		}
		add(t, db, o, many...)
		flush(t, o, b)
		if len(b.stored) != 1000 || b.calls != 10 {
			t.Errorf("%d events in %d publishes, want 1000 in 10", len(b.stored), b.calls)
		}
	})
}

func TestAFailureHoldsUpItsOwnKeyAlone(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		failures := 2
		b := &broker{refuse: func(e event.Event) error {
			if e.Key == "a" && e.Sequence == 2 && failures > 0 {
				failures--
				return event.ErrReturned
			}
			return nil
		}}
		tel := testkit.Telemetry(t)
		add(t, db, o, created("a", 1), created("a", 2), created("a", 3), created("b", 1), created("b", 2))
		run(t, o, b, tel.Telemetry, quick(sqldb.RelaySettings{}))
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == 5 }, "all are published")
		b.want(t, "a/1 b/1 b/2 a/2 a/3")
		testkit.Eventually(t, soon, func() bool { n, _, err := o.Pending(t.Context()); must(t, err); return n == 0 }, "they are marked")
		got, err := o.Of(t.Context(), "a")
		must(t, err)
		if got[1].Attempts != 3 || got[1].LastError != "" {
			t.Errorf("kept as %+v", got[1])
		}
		if n := len(tel.Logs("event not published")); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

func TestABrokerThatIsAwayIsAwaited(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		var mu sync.Mutex
		away := 20
		b := &broker{refuse: func(event.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if away > 0 {
				return errs.ErrUnavailable.Wrap(errors.New("connection refused"))
			}
			return nil
		}}
		b.after = func([]event.Event) { mu.Lock(); away--; mu.Unlock() }
		tel := testkit.Telemetry(t)
		var want []string
		for i := range 30 {
			add(t, db, o, created(fmt.Sprint(i), 1))
			want = append(want, fmt.Sprint(i, "/1"))
		}
		stop := run(t, o, b, tel.Telemetry, quick(sqldb.RelaySettings{}))
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == len(want) }, "all are published")
		stop()
		b.mu.Lock()
		stored := len(b.stored)
		b.mu.Unlock()
		if stored != len(want) {
			t.Errorf("%d events, want %d", stored, len(want))
		}
		lost, again := tel.Logs("wait in the outbox"), tel.Logs("published again")
		if len(lost) != 1 || len(again) != 1 || !strings.Contains(lost[0].Text("error"), "connection refused") {
			t.Errorf("logged %v, %v, want each once", lost, again)
		}
	})
}

func TestAnEventThatBreaksTheConnectionIsIsolated(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		poisoned := false
		b := &broker{}
		b.before = func(_ context.Context, events []event.Event) {
			poisoned = false
			for _, e := range events {
				poisoned = poisoned || e.Key == "poison"
			}
		}
		b.refuse = func(event.Event) error {
			if poisoned {
				return errors.New("connection closed")
			}
			return nil
		}
		for i := range 10 {
			add(t, db, o, created(fmt.Sprint(i), 1))
		}
		add(t, db, o, created("poison", 1))
		for i := 10; i < 20; i++ {
			add(t, db, o, created(fmt.Sprint(i), 1))
		}
		run(t, o, b, telemetry.Nop(), quick(sqldb.RelaySettings{}))
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == 20 }, "all others are published")
		add(t, db, o, created("later", 1))
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == 21 }, "a later one is published")
	})
}

// crash ends the goroutine of a relay in the middle of a publish, as the end of
// its process would.
func crash(t *testing.T, o *sqldb.Outbox, b *broker) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { flush(t, o, b) })
	wg.Wait()
}

func TestTheLeaseOfACrashedRelayIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now))
		add(t, db, o, created("a", 1), created("a", 2), created("b", 1))
		crash(t, o, &broker{before: func(context.Context, []event.Event) { runtime.Goexit() }})

		b := &broker{}
		add(t, db, o, created("a", 3), created("c", 1))
		c.Advance(14 * time.Second)
		flush(t, o, b)
		b.want(t, "c/1") // The rest is leased, and a/3 comes after it.
		c.Advance(2 * time.Second)
		flush(t, o, b)
		b.want(t, "c/1 a/1 b/1 a/2 a/3")
	})
}

func TestALostConfirmPublishesTwice(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now))
		add(t, db, o, created("a", 1), created("a", 2))
		b := &broker{after: func([]event.Event) { runtime.Goexit() }}
		crash(t, o, b)
		b.after = nil
		c.Advance(time.Minute)
		flush(t, o, b)
		b.want(t, "a/1 a/1 a/2")
		if b.stored[0].ID != b.stored[1].ID {
			t.Error("the second time has another id: no inbox would recognise it")
		}
	})
}

func TestAClockSetBackHoldsNothingUp(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		c := testkit.NewClock(time.Time{})
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(c.Now))
		add(t, db, o, created("a", 1), created("a", 2))
		crash(t, o, &broker{before: func(context.Context, []event.Event) { runtime.Goexit() }})
		c.Advance(-24 * time.Hour)
		b := &broker{}
		flush(t, o, b)
		b.want(t, "a/1 a/2")
	})
}

func TestTheLastFlush(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
		for i := range 250 {
			add(t, db, o, created(fmt.Sprint(i), 1))
		}
		// A batch in flight when the end comes is finished, the rest follows.
		inFlight, goOn := make(chan struct{}), make(chan struct{})
		var first sync.Once
		b := &broker{before: func(context.Context, []event.Event) {
			first.Do(func() { close(inFlight); <-goOn })
		}}
		stop := run(t, o, b, telemetry.Nop(), quick(sqldb.RelaySettings{}))
		<-inFlight
		go close(goOn)
		stop()
		if got := len(b.names()); got != 250 {
			t.Errorf("published %d, want 250", got)
		}
		if n, _, err := o.Pending(t.Context()); n != 0 || err != nil {
			t.Errorf("%d are left, %v", n, err)
		}
	})
}

func TestTheLastFlushEnds(t *testing.T) {
	for name, b := range map[string]*broker{
		"broker away":      {refuse: func(event.Event) error { return errors.New("away") }},
		"broker hangs":     {before: func(ctx context.Context, _ []event.Event) { <-ctx.Done() }, refuse: func(event.Event) error { return context.DeadlineExceeded }},
		"nothing is bound": {refuse: func(event.Event) error { return event.ErrReturned }},
	} {
		t.Run(name, func(t *testing.T) {
			db := sqldbtest.Open(t, migrations())
			o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
			add(t, db, o, created("a", 1))
			start := time.Now()
			flush(t, o, b, quick(sqldb.RelaySettings{Flush: 100 * time.Millisecond}))
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if n, _, err := o.Pending(t.Context()); n != 1 || err != nil {
				t.Errorf("%d events are left, %v, want 1", n, err)
			}
			got, err := o.Of(t.Context(), "a")
			must(t, err)
			if got[0].LastError == "" || got[0].Attempts == 0 {
				t.Errorf("kept as %+v", got[0])
			}
		})
	}
}

func TestAPublisherThatMiscountsLosesNothing(t *testing.T) {
	db := sqldbtest.Open(t, migrations())
	o := sqldb.NewOutbox(db, telemetry.Nop(), "order")
	add(t, db, o, created("a", 1))
	flush(t, o, miscounting{})
	b := &broker{}
	flush(t, o, b)
	b.want(t, "a/1")
}

type miscounting struct{}

func (miscounting) Publish(context.Context, []event.Event) []error { return nil }

func TestSeveralRelaysShareTheWork(t *testing.T) {
	const keys, perKey, relays = 40, 10, 4
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		url := e.URL(t)
		db := sqldbtest.OpenURL(t, url, nil)
		sqldbtest.Migrate(t, db, migrations())
		b := &broker{}
		var own []*sqldb.Outbox
		for range relays {
			o := sqldb.NewOutbox(sqldbtest.OpenURL(t, url, nil), telemetry.Nop(), "order")
			own = append(own, o)
			run(t, o, b, telemetry.Nop(), quick(sqldb.RelaySettings{Batch: 7}))
		}
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for n := range perKey {
					for key := w; key < keys; key += 4 {
						err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
							return own[key%relays].Add(t.Context(), tx, created(fmt.Sprint(key), int64(n+1)))
						})
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		testkit.Eventually(t, soon, func() bool { n, _, err := own[0].Pending(t.Context()); must(t, err); return n == 0 }, "all are sent")
		if got := len(b.names()); got != keys*perKey {
			t.Errorf("published %d times, want %d: each once", got, keys*perKey)
		}
		next := map[string]int64{}
		for _, e := range b.stored {
			if next[e.Key]++; e.Sequence != next[e.Key] {
				t.Fatalf("%s/%d came as number %d", e.Key, e.Sequence, next[e.Key])
			}
		}
	})
}

// On Postgres a claim skips rows that another relay is claiming at this moment;
// it must not take their successors then.
func TestAClaimDoesNotOvertakeAnother(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		if e.Dialect != sqldb.Postgres {
			return // SQLite's claims exclude each other.
		}
		db := e.Open(t)
		sqldbtest.Migrate(t, db, migrations())
		o, b := sqldb.NewOutbox(db, telemetry.Nop(), "order"), &broker{}
		add(t, db, o, created("a", 1), created("a", 2), created("b", 1))
		must(t, db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			var position int64
			must(t, tx.Get(t.Context(), &position, `SELECT position FROM outbox WHERE key = 'a' AND sequence = 1 FOR UPDATE`))
			flush(t, o, b)
			return nil
		}))
		b.want(t, "b/1")
		testkit.Eventually(t, soon, func() bool { flush(t, o, b); return len(b.names()) == 3 }, "the rest is published")
		b.want(t, "b/1 a/1 a/2")
	})
}
