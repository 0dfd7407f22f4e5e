// Package app is the use cases of the notification service: taking in news,
// delivering notifications, and showing them.
package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Notifier records news as notifications; see ports.Notifier.
type Notifier struct {
	contacts   ports.Contacts
	records    ports.Records
	configured []domain.Channel
	now        func() time.Time
	deliveries Deliveries
}

var _ ports.Notifier = (*Notifier)(nil)

// NewNotifier returns a Notifier that tells users by the configured channels.
func NewNotifier(
	contacts ports.Contacts, records ports.Records, configured []domain.Channel, now func() time.Time,
	deliveries Deliveries,
) *Notifier {
	return &Notifier{contacts: contacts, records: records, configured: configured, now: now, deliveries: deliveries}
}

// Notify asks the user service before it opens a transaction: none is ever held
// across the network. A user whom nobody knows has given no contact data either, so
// the news goes to the log.
func (s *Notifier) Notify(ctx context.Context, n domain.News) (ports.Outcome, error) {
	contact, err := s.contacts.Contact(ctx, n.Order.UserID)
	if errors.Is(err, ports.ErrUnknownUser) {
		contact, err = domain.Contact{Locale: domain.LocaleOf("")}, nil
	}
	if err != nil {
		return "", fmt.Errorf("look up contact of user %d: %w", n.Order.UserID, err)
	}
	notifications := n.Notifications(contact, s.configured, s.now())
	handOver := s.deliveries.Book(notifications)
	outcome, err := s.records.Record(ctx, n, notifications)
	handOver(err == nil && outcome == ports.Recorded)
	if err != nil {
		return "", fmt.Errorf("record event %s: %w", n.EventID, err)
	}
	return outcome, nil
}
