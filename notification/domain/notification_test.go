package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/notification/domain"
)

func TestAddresses(t *testing.T) {
	all := domain.Contact{Email: "an@example.com", Phone: "+84901234567", PushToken: "tok"}
	log := []domain.Address{{Channel: domain.Log}}
	tests := map[string]struct {
		contact    domain.Contact
		configured []domain.Channel
		want       []domain.Address
	}{
		"nothing configured":              {all, nil, log},
		"no contact data":                 {domain.Contact{}, domain.Channels(), log},
		"configured what nobody gave":     {domain.Contact{Email: "an@example.com"}, []domain.Channel{domain.SMS}, log},
		"everything given and configured": {all, domain.Channels(), []domain.Address{{domain.Email, all.Email}, {domain.SMS, all.Phone}, {domain.Push, all.PushToken}}},
		"one of the given configured":     {all, []domain.Channel{domain.Push}, []domain.Address{{domain.Push, all.PushToken}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.contact.Addresses(tt.configured); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAnAttemptEnds(t *testing.T) {
	at := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	news := created()
	due := news.Notifications(domain.Contact{Email: "an@example.com"}, domain.Channels(), at)[0]
	if due.State != domain.Waiting || !due.DueAt.Equal(at) || due.Identity() != news.EventID+".email" {
		t.Fatalf("new notification: %+v", due)
	}
	running := due.Started(at.Add(time.Minute))
	last := running
	last.Attempts = policy().Attempts

	tests := map[string]struct {
		after     domain.Notification
		state     domain.State
		attempts  int
		reason    string
		due       time.Duration // Waiting only.
		recipient string
	}{
		"taken":            {running.Delivered(at), domain.Sent, 1, "", 0, ""},
		"taken after all":  {running.Missed(errors.New("x"), at, policy(), 0).Started(at).Delivered(at), domain.Sent, 2, "", 0, ""},
		"not this time":    {running.Missed(domain.Undelivered("smtp 451", 0), at, policy(), 0), domain.Waiting, 1, "smtp 451", time.Second, "an@example.com"},
		"asked to wait":    {running.Missed(domain.Undelivered("http 429", time.Minute), at, policy(), 0), domain.Waiting, 1, "http 429", time.Minute, "an@example.com"},
		"never":            {running.Missed(domain.Rejected("smtp 550"), at, policy(), 0), domain.Failed, 1, "smtp 550", 0, ""},
		"once too often":   {last.Missed(domain.Undelivered("smtp 451", 0), at, policy(), 0), domain.Failed, 8, "smtp 451", 0, ""},
		"nobody knows why": {running.Missed(errors.New("an@example.com: boom"), at, policy(), 0), domain.Waiting, 1, "internal", time.Second, "an@example.com"},
		"away":             {running.Missed(errs.ErrUnavailable.With("reason", "an@example.com"), at, policy(), 0), domain.Waiting, 1, "unavailable", time.Second, "an@example.com"},
		"broken off":       {running.Interrupted(at), domain.Waiting, 0, "", 0, "an@example.com"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.after
			if got.State != tt.state || got.Attempts != tt.attempts || got.Reason != tt.reason || got.Recipient != tt.recipient {
				t.Errorf("got %s, %d attempts, reason %q, recipient %q; want %s, %d, %q, %q",
					got.State, got.Attempts, got.Reason, got.Recipient, tt.state, tt.attempts, tt.reason, tt.recipient)
			}
			if tt.state == domain.Waiting && !got.DueAt.Equal(at.Add(tt.due)) {
				t.Errorf("due: got %v, want %v", got.DueAt, at.Add(tt.due))
			}
			if sent := tt.state == domain.Sent; sent != got.SentAt.Equal(at) {
				t.Errorf("sent at %v in state %s", got.SentAt, got.State)
			}
		})
	}
}

func TestLocaleOf(t *testing.T) {
	for s, want := range map[string]domain.Locale{"vi": "vi", "en": "en", "": "vi", "fr": "vi", "EN": "vi"} {
		if got := domain.LocaleOf(s); got != want {
			t.Errorf("LocaleOf(%q): got %q, want %q", s, got, want)
		}
	}
}
