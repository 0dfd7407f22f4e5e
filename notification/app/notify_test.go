package app_test

import (
	"slices"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/testkit"
	"shop/notification/adapters/memory"
	"shop/notification/app"
	"shop/notification/domain"
	"shop/notification/ports"
)

func news(event string, sequence int64, status domain.Status) domain.News {
	n := domain.News{
		EventID: event, Type: domain.OrderStatusChanged, Sequence: sequence,
		Order: domain.Order{
			ID: 7, UserID: 3, Product: "Bàn phím", Quantity: 2, UnitPrice: 1999, Total: 3998, Status: status,
		},
	}
	if status == domain.Pending {
		n.Type = domain.OrderCreated
	}
	return n
}

// desk is an app.Deliveries that notes what is handed over.
type desk struct {
	recorded []domain.Channel
	open     int // Booked and not handed over.
}

func (d *desk) Book(all []domain.Notification) func(bool) {
	d.open++
	return func(recorded bool) {
		d.open--
		for _, n := range all {
			if recorded {
				d.recorded = append(d.recorded, n.Channel)
			}
		}
	}
}

func TestNotify(t *testing.T) {
	reachable := domain.Contact{Email: "an@example.com", Phone: "+84901234567", Locale: domain.English}
	tests := map[string]struct {
		news     []domain.News
		outcomes []ports.Outcome
		want     []string // Identities, oldest first.
	}{
		"one event, every channel": {
			[]domain.News{news("a", 1, domain.Pending)},
			[]ports.Outcome{ports.Recorded},
			[]string{"a.email", "a.sms"},
		},
		"the same event three times": {
			[]domain.News{news("a", 1, domain.Pending), news("a", 1, domain.Pending), news("a", 1, domain.Pending)},
			[]ports.Outcome{ports.Recorded, ports.Duplicate, ports.Duplicate},
			[]string{"a.email", "a.sms"},
		},
		"in order": {
			[]domain.News{news("a", 1, domain.Pending), news("b", 2, domain.Confirmed)},
			[]ports.Outcome{ports.Recorded, ports.Recorded},
			[]string{"a.email", "a.sms", "b.email", "b.sms"},
		},
		"the creation last": {
			[]domain.News{news("b", 2, domain.Confirmed), news("a", 1, domain.Pending)},
			[]ports.Outcome{ports.Recorded, ports.Recorded},
			[]string{"b.email", "b.sms", "a.email", "a.sms"},
		},
		"an older change last, twice": {
			[]domain.News{news("c", 3, domain.Shipped), news("b", 2, domain.Confirmed), news("b", 2, domain.Confirmed)},
			[]ports.Outcome{ports.Recorded, ports.Superseded, ports.Duplicate},
			[]string{"c.email", "c.sms"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			store, contacts := &memory.Store{}, &memory.Contacts{}
			contacts.Put(3, reachable)
			handed, recorded := &desk{}, []domain.Channel(nil)
			channels := []domain.Channel{domain.Email, domain.SMS}
			notifier := app.NewNotifier(contacts, store, channels, testkit.NewClock(time.Time{}).Now, handed)
			for i, n := range tt.news {
				outcome, err := notifier.Notify(t.Context(), n)
				if err != nil || outcome != tt.outcomes[i] {
					t.Fatalf("delivery %d: got %q, %v, want %q", i+1, outcome, err, tt.outcomes[i])
				}
				if outcome == ports.Recorded {
					recorded = append(recorded, channels...)
				}
			}
			rows, _ := store.OfOrder(t.Context(), 7)
			var got []string
			for _, row := range rows {
				got = append(got, row.Identity())
				if row.Locale != domain.English {
					t.Errorf("%s in locale %q, want the user's", row.Identity(), row.Locale)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("notifications: got %v, want %v", got, tt.want)
			}
			if !slices.Equal(handed.recorded, recorded) || handed.open != 0 {
				t.Errorf("handed over: %v (%d open), want %v, the channels of each recorded event", handed.recorded, handed.open, recorded)
			}
		})
	}
}

func TestNotifyAStranger(t *testing.T) {
	store := &memory.Store{}
	notifier := app.NewNotifier(&memory.Contacts{}, store, domain.Channels(), time.Now, &desk{})
	if outcome, err := notifier.Notify(t.Context(), news("a", 1, domain.Pending)); outcome != ports.Recorded || err != nil {
		t.Fatalf("got %q, %v, want recorded", outcome, err)
	}
	rows, _ := store.OfOrder(t.Context(), 7)
	if len(rows) != 1 || rows[0].Channel != domain.Log || rows[0].Locale != domain.Vietnamese {
		t.Errorf("got %+v, want one notification to the log in Vietnamese", rows)
	}
}

func TestNotifyWhileTheUserServiceIsAway(t *testing.T) {
	store, contacts := &memory.Store{}, &memory.Contacts{}
	contacts.Put(3, domain.Contact{Email: "an@example.com"})
	notifier := app.NewNotifier(contacts, store, domain.Channels(), time.Now, &desk{})
	contacts.SetAway(true)
	if _, err := notifier.Notify(t.Context(), news("a", 1, domain.Pending)); errs.KindOf(err) != errs.Unavailable {
		t.Fatalf("got %v, want an unavailable error, so that the queue waits", err)
	}
	if rows, _ := store.OfOrder(t.Context(), 7); len(rows) > 0 {
		t.Fatalf("recorded %+v", rows)
	}
	contacts.SetAway(false)
	if outcome, err := notifier.Notify(t.Context(), news("a", 1, domain.Pending)); outcome != ports.Recorded || err != nil {
		t.Fatalf("afterwards: got %q, %v, want recorded", outcome, err)
	}
}
