package app_test

import (
	"context"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/notification/app"
	"shop/notification/domain"
	"shop/notification/ports"
)

// told hands an event over to d as a Notifier does.
func (r *rig) told(t *testing.T, d *app.Dispatcher, event string) {
	t.Helper()
	n := news(event, 1, domain.Pending)
	rows := n.Notifications(domain.Contact{Email: event + "@example.com"}, domain.Channels(), r.clock.Now())
	handOver := d.Book(rows)
	outcome, err := r.store.Record(t.Context(), n, rows)
	handOver(err == nil && outcome == ports.Recorded)
	if err != nil {
		t.Fatal(err)
	}
}

// unclaimable is a queue of which nothing can be claimed.
type unclaimable struct{ ports.Queue }

func (unclaimable) Claim(context.Context, domain.Channel, time.Time, time.Time, int) ([]domain.Notification, error) {
	return nil, nil
}

// TestABookingSavesTheClaim: what is recorded while there is room is sent without
// being claimed.
func TestABookingSavesTheClaim(t *testing.T) {
	r := newRig()
	r.queue = unclaimable{r.store}
	d, stop := r.start(t)
	testkit.Eventually(t, soon, func() bool { return booked(d) }, "bookings are taken")
	for _, event := range []string{"a", "b", "c", "d", "e", "f"} { // More than there are slots: each comes back.
		r.told(t, d, event)
		if row := r.until(t, event, domain.Sent, 1); !row.SentAt.Equal(r.clock.Now()) || row.Recipient != "" {
			t.Errorf("%s: %+v", event, row)
		}
	}
	stop()
	if got := len(r.channel.Sent()); got != 6 {
		t.Errorf("messages: got %d, want 6", got)
	}
	if booked(d) {
		t.Error("bookings are taken after the end")
	}
}

// booked reports whether an email can be booked now; the booking is dropped.
func booked(d *app.Dispatcher) bool {
	rows := []domain.Notification{{Channel: domain.Email}}
	d.Book(rows)(false)
	return rows[0].Attempts == 1
}

func TestWhatCannotBeBookedIsClaimed(t *testing.T) {
	r := newRig()
	r.limits.Parallel, r.limits.Attempt, r.limits.Poll = 1, soon, time.Hour
	started, release := make(chan struct{}, 10), make(chan struct{})
	r.channel.Answer(func(ctx context.Context, _ domain.Message) error {
		started <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})
	d, _ := r.start(t)
	testkit.Eventually(t, soon, func() bool { return booked(d) }, "bookings are taken")
	r.told(t, d, "a")
	<-started
	r.told(t, d, "b")
	if row := r.row(t, "b"); row.Attempts != 0 || row.DueAt.After(r.clock.Now()) {
		t.Errorf("without a free slot: %+v, want it due now", row)
	}
	close(release)
	r.until(t, "a", domain.Sent, 1)
	r.until(t, "b", domain.Sent, 1)
}

// TestABookingOfADeadProcessRunsOut: who books and dies has only delayed it.
func TestABookingOfADeadProcessRunsOut(t *testing.T) {
	r := newRig()
	dying, stop := r.start(t)
	testkit.Eventually(t, soon, func() bool { return booked(dying) }, "bookings are taken")
	n := news("a", 1, domain.Pending)
	rows := n.Notifications(domain.Contact{Email: "an@example.com"}, domain.Channels(), r.clock.Now())
	handOver := dying.Book(rows)
	if _, err := r.store.Record(t.Context(), n, rows); err != nil {
		t.Fatal(err)
	}
	handOver(false) // As if it had died here.
	stop()
	r.start(t)
	claimed := r.row(t, "a").DueAt
	r.clock.Advance(claimed.Sub(r.clock.Now()) - time.Microsecond)
	if sent := r.channel.Sent(); len(sent) != 0 {
		t.Fatalf("sent %v before the booking ran out", sent)
	}
	r.clock.Advance(time.Microsecond)
	r.until(t, "a", domain.Sent, 2)
}

func TestTheEndWaitsForWhatIsBooked(t *testing.T) {
	r := newRig()
	started, release := make(chan struct{}), make(chan struct{})
	r.channel.Answer(func(context.Context, domain.Message) error { close(started); <-release; return nil })
	d, stop := r.start(t)
	testkit.Eventually(t, soon, func() bool { return booked(d) }, "bookings are taken")
	r.told(t, d, "a")
	<-started
	time.AfterFunc(10*time.Millisecond, func() { close(release) })
	stop()
	if row := r.row(t, "a"); row.State != domain.Sent {
		t.Errorf("got %+v, want it sent", row)
	}
}
