package app_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"shop/kit/testkit"
	"shop/notification/adapters/memory"
	"shop/notification/app"
	"shop/notification/domain"
	"shop/notification/ports"
)

const soon = 5 * time.Second

// rig is a dispatcher with one email channel over the fakes, and a clock that
// the test moves.
type rig struct {
	store   *memory.Store
	channel *memory.Channel
	clock   *testkit.Clock
	limits  app.Limits
	policy  domain.Policy
	queue   ports.Queue
	compose ports.Composer
}

func newRig() *rig {
	store := &memory.Store{}
	return &rig{
		store: store, queue: store, channel: &memory.Channel{}, clock: testkit.NewClock(time.Time{}), compose: plain{},
		limits: app.Limits{
			Parallel: 4, Attempt: time.Second, Settle: time.Second, Poll: 5 * time.Millisecond, Grace: time.Second,
		},
		policy: domain.Policy{Attempts: 3, First: time.Second, Longest: time.Hour},
	}
}

// plain composes messages of an identity only.
type plain struct{}

func (plain) Compose(n domain.Notification) (domain.Message, error) {
	return domain.Message{ID: n.Identity(), Recipient: n.Recipient}, nil
}

// record stores notifications of new orders by email, due now.
func (r *rig) record(t *testing.T, events ...string) {
	t.Helper()
	for _, event := range events {
		n := news(event, 1, domain.Pending)
		rows := n.Notifications(domain.Contact{Email: event + "@example.com"}, domain.Channels(), r.clock.Now())
		if _, err := r.store.Record(t.Context(), n, rows); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs a dispatcher until stop is called, which waits for its end.
func (r *rig) start(t *testing.T) (d *app.Dispatcher, stop func()) {
	t.Helper()
	d = app.NewDispatcher(r.queue, r.compose, map[domain.Channel]ports.Channel{domain.Email: r.channel},
		r.policy, r.limits, app.Clock{Now: r.clock.Now, Spread: func() float64 { return 0 }}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var once atomic.Bool
	stop = func() {
		if once.Swap(true) {
			return
		}
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v, want nil", err)
			}
		case <-time.After(soon):
			t.Error("Run has not ended")
		}
	}
	t.Cleanup(stop)
	return d, stop
}

// row returns the only notification of event.
func (r *rig) row(t *testing.T, event string) domain.Notification {
	t.Helper()
	rows, _ := r.store.OfOrder(context.Background(), 7)
	for _, row := range rows {
		if row.EventID == event {
			return row
		}
	}
	t.Fatalf("no notification of %s", event)
	return domain.Notification{}
}

func (r *rig) until(t *testing.T, event string, state domain.State, attempts int) domain.Notification {
	t.Helper()
	testkit.Eventually(t, soon, func() bool {
		row := r.row(t, event)
		return row.State == state && row.Attempts == attempts
	}, event, "is", state, "after", attempts, "attempts")
	return r.row(t, event)
}

func TestDispatcherSendsOnceAndEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := newRig()
	r.record(t, "a", "b", "c")
	_, stop := r.start(t)
	for _, event := range []string{"a", "b", "c"} {
		row := r.until(t, event, domain.Sent, 1)
		if row.Recipient != "" || row.Reason != "" || !row.SentAt.Equal(r.clock.Now()) {
			t.Errorf("%s: %+v, want it sent now and its address forgotten", event, row)
		}
	}
	stop()
	if got := len(r.channel.Sent()); got != 3 {
		t.Errorf("messages: got %d, want 3", got)
	}
}

func TestDispatcherWakesAtOnce(t *testing.T) {
	r := newRig()
	r.limits.Poll = time.Hour
	d, _ := r.start(t)
	for _, event := range []string{"a", "b"} {
		r.record(t, event)
		d.Wake(domain.Email)
		r.until(t, event, domain.Sent, 1)
	}
}

func TestDispatcherClimbsTheLadderAndFails(t *testing.T) {
	r := newRig()
	r.channel.Answer(func(context.Context, domain.Message) error { return domain.Undelivered("smtp 451", 0) })
	r.record(t, "a")
	r.start(t)
	for attempts, pause := range []time.Duration{time.Second, 4 * time.Second} {
		testkit.Eventually(t, soon, func() bool {
			return r.row(t, "a").DueAt.Equal(r.clock.Now().Add(pause))
		}, "the pause after attempt", attempts+1, "is", pause)
		if row := r.row(t, "a"); row.State != domain.Waiting || row.Attempts != attempts+1 || row.Reason != "smtp 451" {
			t.Fatalf("after attempt %d: %+v", attempts+1, row)
		}
		r.clock.Advance(pause)
	}
	if row := r.until(t, "a", domain.Failed, 3); row.Reason != "smtp 451" || row.Recipient != "" || !row.SentAt.IsZero() {
		t.Errorf("in the end: %+v, want failed with its reason", row)
	}
}

func TestDispatcherKeepsItsWayAfter(t *testing.T) {
	tests := map[string]struct {
		answer func(context.Context, domain.Message) error
		state  domain.State
		reason string
	}{
		"a refusal":             {func(context.Context, domain.Message) error { return domain.Rejected("smtp 550") }, domain.Failed, "smtp 550"},
		"a fault nobody knows":  {func(context.Context, domain.Message) error { return errors.New("boom") }, domain.Waiting, "internal"},
		"a panic":               {func(context.Context, domain.Message) error { panic("boom") }, domain.Waiting, "internal"},
		"a receiver that hangs": {func(ctx context.Context, _ domain.Message) error { <-ctx.Done(); return ctx.Err() }, domain.Waiting, "timeout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig()
			r.limits.Attempt = 20 * time.Millisecond
			r.channel.Answer(func(ctx context.Context, m domain.Message) error {
				if m.ID == "a.email" {
					return tt.answer(ctx, m)
				}
				return nil
			})
			r.record(t, "a")
			d, _ := r.start(t)
			testkit.Eventually(t, soon, func() bool { return r.row(t, "a").Reason == tt.reason }, "reason", tt.reason)
			if row := r.row(t, "a"); row.State != tt.state || row.Attempts != 1 {
				t.Errorf("got %+v, want state %s after one attempt", row, tt.state)
			}
			r.record(t, "b")
			d.Wake(domain.Email)
			r.until(t, "b", domain.Sent, 1)
		})
	}
}

func TestDispatcherFailsWhatItCannotWrite(t *testing.T) {
	r := newRig()
	r.compose = broken{}
	r.record(t, "a")
	r.start(t)
	if row := r.until(t, "a", domain.Failed, 1); row.Reason != "the text could not be written" {
		t.Errorf("reason: got %q", row.Reason)
	}
}

type broken struct{}

func (broken) Compose(domain.Notification) (domain.Message, error) {
	return domain.Message{}, errors.New("no text")
}

func TestDispatcherFailsChannelsNotConfiguredAnyMore(t *testing.T) {
	r := newRig()
	n := news("a", 1, domain.Pending)
	rows := n.Notifications(domain.Contact{Phone: "+84901234567"}, domain.Channels(), r.clock.Now())
	if _, err := r.store.Record(t.Context(), n, rows); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	testkit.Eventually(t, soon, func() bool {
		r.clock.Advance(time.Minute)
		return r.row(t, "a").State == domain.Failed
	}, "it fails")
	if row := r.row(t, "a"); row.Reason != "the channel is not configured" || row.Attempts != r.policy.Attempts {
		t.Errorf("got %+v", row)
	}
}

func TestDispatcherBoundsWhatRunsAtOnce(t *testing.T) {
	r := newRig()
	var running, most atomic.Int32
	release := make(chan struct{})
	r.channel.Answer(func(ctx context.Context, _ domain.Message) error {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})
	r.limits.Attempt = soon
	events := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	r.record(t, events...)
	r.start(t)
	testkit.Eventually(t, soon, func() bool { return running.Load() == 4 }, "all slots are used")
	if row := r.row(t, "e"); row.Attempts != 0 {
		t.Errorf("claimed without a free slot: %+v", row)
	}
	close(release)
	for _, event := range events {
		r.until(t, event, domain.Sent, 1)
	}
	if got := most.Load(); got > 4 {
		t.Errorf("attempts at once: got %d, want at most 4", got)
	}
}

func TestDispatcherStops(t *testing.T) {
	t.Run("letting an attempt end", func(t *testing.T) {
		r := newRig()
		started, release := make(chan struct{}), make(chan struct{})
		r.channel.Answer(func(context.Context, domain.Message) error { close(started); <-release; return nil })
		r.record(t, "a")
		_, stop := r.start(t)
		<-started
		time.AfterFunc(10*time.Millisecond, func() { close(release) })
		stop()
		if row := r.row(t, "a"); row.State != domain.Sent {
			t.Errorf("got %+v, want it sent", row)
		}
	})
	t.Run("breaking off what outlives the grace", func(t *testing.T) {
		r := newRig()
		r.limits.Grace, r.limits.Attempt = 10*time.Millisecond, time.Hour
		started := make(chan struct{})
		r.channel.Answer(func(ctx context.Context, _ domain.Message) error { close(started); <-ctx.Done(); return ctx.Err() })
		r.record(t, "a")
		_, stop := r.start(t)
		<-started
		stop()
		row := r.row(t, "a")
		if row.State != domain.Waiting || row.Attempts != 0 || row.DueAt.After(r.clock.Now()) {
			t.Errorf("got %+v, want it due now and the attempt uncounted", row)
		}
	})
}

func TestTwoDispatchersShareAQueue(t *testing.T) {
	r := newRig()
	var events []string
	for c := 'a'; c <= 'z'; c++ {
		events = append(events, string(c))
	}
	r.record(t, events...)
	r.start(t)
	r.start(t)
	for _, event := range events {
		r.until(t, event, domain.Sent, 1)
	}
	if got := len(r.channel.Sent()); got != len(events) {
		t.Errorf("messages: got %d, want %d", got, len(events))
	}
}

func TestDispatcherTakesOverFromADeadProcess(t *testing.T) {
	r := newRig()
	r.record(t, "a")
	now := r.clock.Now()
	claimed, err := r.store.Claim(t.Context(), domain.Email, now, now.Add(time.Minute), 10) // And the process dies.
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claim: %v, %v", claimed, err)
	}
	d, _ := r.start(t)
	d.Wake(domain.Email)
	r.clock.Advance(time.Minute - time.Microsecond)
	if sent := r.channel.Sent(); len(sent) != 0 {
		t.Fatalf("sent %v before the claim ran out", sent)
	}
	r.clock.Advance(time.Microsecond)
	r.until(t, "a", domain.Sent, 2)
	if err := r.store.Settle(t.Context(), claimed[0], claimed[0].Delivered(now)); !errors.Is(err, ports.ErrLost) {
		t.Errorf("the dead process settles: got %v, want ErrLost", err)
	}
}

// flaky is a queue whose store is away for a number of calls of each kind.
type flaky struct {
	ports.Queue
	claims, settles atomic.Int32
}

func (f *flaky) Claim(
	ctx context.Context, c domain.Channel, now, until time.Time, limit int,
) ([]domain.Notification, error) {
	if c == domain.Email && f.claims.Add(-1) >= 0 {
		return nil, errors.New("away")
	}
	return f.Queue.Claim(ctx, c, now, until, limit)
}

func (f *flaky) Settle(ctx context.Context, claimed, after domain.Notification) error {
	if f.settles.Add(-1) >= 0 {
		return errors.New("away")
	}
	return f.Queue.Settle(ctx, claimed, after)
}

func TestDispatcherOutlastsItsStore(t *testing.T) {
	r := newRig()
	f := &flaky{Queue: r.store}
	f.claims.Store(3)
	f.settles.Store(2)
	r.queue = f
	r.record(t, "a")
	r.start(t)
	r.until(t, "a", domain.Sent, 1)
	if got := len(r.channel.Sent()); got != 1 {
		t.Errorf("messages: got %d, want 1: what was sent is settled, not sent again", got)
	}
}
