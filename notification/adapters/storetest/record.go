package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

func recordsOnce(t *testing.T, s Store) {
	for i, want := range []ports.Outcome{ports.Recorded, ports.Duplicate, ports.Duplicate} {
		if got := record(t, s, event("a", 7, 1, domain.Pending), start); got != want {
			t.Errorf("delivery %d: got %q, want %q", i+1, got, want)
		}
	}
	if got, want := identities(about(t, s, 7)), []string{"a.email", "a.push"}; !slices.Equal(got, want) {
		t.Errorf("notifications: got %v, want %v", got, want)
	}
}

func recordsOnceConcurrently(t *testing.T, s Store) {
	const consumers = 8
	outcomes := make(chan ports.Outcome, consumers)
	var all sync.WaitGroup
	for range consumers {
		all.Go(func() {
			n := event("a", 7, 1, domain.Pending)
			outcome, err := s.Record(t.Context(), n, n.Notifications(contact, domain.Channels(), start))
			if err != nil {
				t.Errorf("record: %v", err)
			}
			outcomes <- outcome
		})
	}
	all.Wait()
	close(outcomes)
	counts := map[ports.Outcome]int{}
	for o := range outcomes {
		counts[o]++
	}
	if counts[ports.Recorded] != 1 || counts[ports.Duplicate] != consumers-1 {
		t.Errorf("outcomes: got %v, want 1 recorded, the others duplicates", counts)
	}
	if rows := about(t, s, 7); len(rows) != 2 {
		t.Errorf("notifications: got %d, want 2", len(rows))
	}
}

func supersedes(t *testing.T, s Store) {
	deliveries := []struct {
		news domain.News
		want ports.Outcome
	}{
		{event("a3", 7, 3, domain.Shipped), ports.Recorded},
		{event("a2", 7, 2, domain.Confirmed), ports.Superseded},
		{event("a2", 7, 2, domain.Confirmed), ports.Duplicate},
		{event("a1", 7, 1, domain.Pending), ports.Recorded},   // The creation is told however late.
		{event("b2", 8, 2, domain.Confirmed), ports.Recorded}, // Another order.
		{event("a4", 7, 4, domain.Delivered), ports.Recorded}, // The creation took nothing back.
		{event("a2b", 7, 2, domain.Confirmed), ports.Superseded},
		{event("a0", 7, 0, domain.Cancelled), ports.Recorded}, // Unnumbered.
		{event("a3b", 7, 3, domain.Confirmed), ports.Superseded},
	}
	var want []string
	for _, d := range deliveries {
		if got := record(t, s, d.news, start); got != d.want {
			t.Errorf("%s: got %q, want %q", d.news.EventID, got, d.want)
		}
		if d.want == ports.Recorded && d.news.Order.ID == 7 {
			want = append(want, d.news.EventID+".email", d.news.EventID+".push")
		}
	}
	if got := identities(about(t, s, 7)); !slices.Equal(got, want) {
		t.Errorf("notifications: got %v, want %v", got, want)
	}
}

// recordsInAnyOrder delivers the events of some orders twice, in an order of chance,
// to several consumers, and once more to one: whatever overtook what, each creation
// and each newest change is told once by every channel, and nothing twice.
func recordsInAnyOrder(t *testing.T, s Store) {
	const orders, consumers = 6, 12
	steps := []domain.Status{domain.Pending, domain.Confirmed, domain.Shipped}
	var events []domain.News
	for order := range int64(orders) {
		for i, status := range steps {
			events = append(events, event(fmt.Sprint(order, "-", i+1), order, int64(i+1), status))
		}
	}
	deliveries := slices.Concat(events, events)
	rand.Shuffle(len(deliveries), func(i, j int) { //nolint:gosec // Nobody guesses it.
		deliveries[i], deliveries[j] = deliveries[j], deliveries[i]
	})
	var all sync.WaitGroup
	for c := range consumers {
		all.Go(func() {
			for i := c; i < len(deliveries); i += consumers {
				record(t, s, deliveries[i], start)
			}
		})
	}
	all.Wait()
	for _, n := range events {
		if got := record(t, s, n, start); got != ports.Duplicate {
			t.Errorf("%s, delivered again: %s", n.EventID, got)
		}
	}
	for order := range int64(orders) {
		told := map[string]int{}
		for _, n := range about(t, s, order) {
			told[n.Identity()]++
		}
		for _, channel := range []domain.Channel{domain.Email, domain.Push} {
			for i := range steps {
				identity := fmt.Sprint(order, "-", i+1, ".", channel)
				overtaken := i == 1 && told[identity] == 0 // The change in between, by the newest.
				if told[identity] != 1 && !overtaken {
					t.Errorf("%s is told %d times, want once", identity, told[identity])
				}
				delete(told, identity)
			}
		}
		if len(told) > 0 {
			t.Errorf("nobody asked for %v", told)
		}
	}
}

func keepsFields(t *testing.T, s Store) {
	n := event("a", 1<<62, 1, domain.Pending)
	n.Order.UserID = 1<<62 + 1
	n.Order.Product = strings.Repeat("ộ", 254) + "\n"
	n.Order.UnitPrice, n.Order.Total, n.Order.Quantity = 9999999999, 1<<62, 1<<53+1
	want := n.Notifications(contact, []domain.Channel{domain.Push}, start)[0]
	if _, err := s.Record(t.Context(), n, []domain.Notification{want}); err != nil {
		t.Fatal(err)
	}
	rows := about(t, s, 1<<62)
	if len(rows) != 1 {
		t.Fatalf("notifications: got %d, want 1", len(rows))
	}
	want.ID = rows[0].ID
	if rows[0] != want {
		t.Errorf("got  %+v\nwant %+v", rows[0], want)
	}
	until := start.Add(time.Minute)
	claimed, err := s.Claim(t.Context(), domain.Push, start, until, 1)
	if err != nil || len(claimed) != 1 || claimed[0] != want.Started(until) {
		t.Errorf("claimed: got %+v, %v\nwant %+v", claimed, err, want.Started(until))
	}
}
