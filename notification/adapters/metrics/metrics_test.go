package metrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/notification/adapters/memory"
	"shop/notification/adapters/metrics"
	"shop/notification/adapters/storetest"
	"shop/notification/domain"
	"shop/notification/ports"
)

var start = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)

// fill records one notification by email of each event, due at start.
func fill(t *testing.T, s *memory.Store, events ...string) {
	t.Helper()
	for i, id := range events {
		n := domain.News{
			EventID: id, Type: domain.OrderCreated, Sequence: 1, OccurredAt: start.Add(-2 * time.Second),
			Order: domain.Order{ID: int64(i + 1), UserID: 3, Product: "x", Quantity: 1, Status: domain.Pending},
		}
		rows := n.Notifications(domain.Contact{Email: "an@example.com"}, domain.Channels(), start)
		if _, err := s.Record(t.Context(), n, rows); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeliveriesAreCounted(t *testing.T) {
	tel, store := testkit.Telemetry(t), &memory.Store{}
	queue := metrics.NewQueue(store, tel.Telemetry)
	fill(t, store, "a", "b", "c", "d", "e")
	claimed, err := queue.Claim(t.Context(), domain.Email, start, start.Add(time.Minute), 5)
	if err != nil || len(claimed) != 5 {
		t.Fatal(claimed, err)
	}
	policy := domain.Policy{Attempts: 8, First: time.Second, Longest: time.Hour}
	at := start.Add(time.Second)
	for i, after := range []domain.Notification{
		claimed[0].Delivered(at),
		claimed[1].Missed(domain.Undelivered("http 503", 0), at, policy, 0),
		claimed[2].Missed(domain.Rejected("http 400"), at, policy, 0),
		claimed[3].Interrupted(at),
	} {
		if err := queue.Settle(t.Context(), claimed[i], after); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := queue.Claim(t.Context(), domain.Email, start.Add(time.Hour), start.Add(2*time.Hour), 5); err != nil {
		t.Fatal(err)
	}
	if err := queue.Settle(t.Context(), claimed[4], claimed[4].Delivered(at)); !errors.Is(err, ports.ErrLost) {
		t.Fatalf("got %v, want ErrLost", err)
	}
	for _, outcome := range []string{"sent", "retried", "failed", "interrupted", "lost"} {
		if got := tel.Value("notification_deliveries_total", "channel", "email", "outcome", outcome); got != 1 {
			t.Errorf("%s: got %v, want 1", outcome, got)
		}
	}
	if n, sum := tel.Observations("notification_end_to_end_seconds", "event_type", "order.created"); n != 1 || sum != 3 {
		t.Errorf("end to end: got %d of %v s in all, want one of 3 s", n, sum)
	}
	if got := tel.Series("notification_deliveries_total"); got != 4*5 {
		t.Errorf("series: got %d, want all 20 from the start", got)
	}
}

func TestMomentsThatDoNotFit(t *testing.T) {
	tel, store := testkit.Telemetry(t), &memory.Store{}
	queue := metrics.NewQueue(store, tel.Telemetry)
	fill(t, store, "a", "b")
	claimed, _ := queue.Claim(t.Context(), domain.Email, start, start.Add(time.Minute), 2)
	fromTheFuture, untold := claimed[0].Delivered(start.Add(-time.Hour)), claimed[1].Delivered(start)
	untold.OccurredAt = time.Time{}
	for i, after := range []domain.Notification{fromTheFuture, untold} {
		if err := queue.Settle(t.Context(), claimed[i], after); err != nil {
			t.Fatal(err)
		}
	}
	if n, sum := tel.Observations("notification_end_to_end_seconds"); n != 1 || sum != 0 {
		t.Errorf("got %d of %v s, want one of 0 s", n, sum)
	}
}

// away is a queue whose store does not answer.
type away struct{ ports.Queue }

func (away) Waiting(context.Context) (map[domain.Channel]int64, error) {
	return nil, errors.New("away")
}

func TestPending(t *testing.T) {
	tel, store, clock := testkit.Telemetry(t), &memory.Store{}, testkit.NewClock(start)
	metrics.RegisterPending(store, tel.Telemetry, clock.Now)
	fill(t, store, "a", "b")
	if got := tel.Value("notification_pending", "channel", "email"); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
	if got := tel.Series("notification_pending"); got != 4 {
		t.Errorf("series: got %d, want every channel", got)
	}
	fill(t, store, "c")
	if got := tel.Value("notification_pending"); got != 2 {
		t.Errorf("a moment later: got %v, want the same 2", got)
	}
	clock.Advance(5 * time.Second)
	if got := tel.Value("notification_pending"); got != 3 {
		t.Errorf("after a while: got %v, want 3", got)
	}
	t.Run("nobody knows while the store is away", func(t *testing.T) {
		tel := testkit.Telemetry(t)
		metrics.RegisterPending(away{}, tel.Telemetry, clock.Now)
		if got := tel.Series("notification_pending"); got != 0 {
			t.Errorf("got %d series, want none", got)
		}
	})
}

// TestStore: a counted store is a store.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		store := &memory.Store{}
		return struct {
			ports.Records
			ports.Queue
			ports.Archive
		}{store, metrics.NewQueue(store, testkit.Telemetry(t).Telemetry), store}
	})
}
