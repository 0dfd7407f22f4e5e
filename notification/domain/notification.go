// Package domain knows when and how a user is told about an order: what news is
// worth telling, by which channels, how often a delivery is tried and how it ends.
package domain

import "time"

// State is where a notification stands.
type State string

// The states: a notification starts Pending and ends Sent or Failed. That an
// order is pending too is another matter, see Status.
const (
	Waiting State = "pending" // Not delivered yet: due now, later, or being sent.
	Sent    State = "sent"    // The receiver took it.
	Failed  State = "failed"  // Given up; Reason says why.
)

// Notification tells one event to one user by one channel. EventID and Channel
// together are its identity.
type Notification struct {
	ID         int64 // Assigned by the store.
	EventID    string
	Event      Type
	OccurredAt time.Time
	Order      Order
	Channel    Channel
	Recipient  string // Contact data; kept only while Waiting.
	Locale     Locale
	Trace      string // W3C traceparent of the event.

	State     State
	Attempts  int       // Started so far, the running one included.
	Reason    string    // Why the latest attempt failed; "" when there was no failure or it was sent.
	DueAt     time.Time // Waiting: when to try next, or when the running attempt counts as lost.
	CreatedAt time.Time
	SentAt    time.Time // Zero unless Sent.
}

// Notifications returns the notifications that tell n to a user with contact c.
func (n News) Notifications(c Contact, configured []Channel, at time.Time) []Notification {
	addresses := c.Addresses(configured)
	all := make([]Notification, len(addresses))
	for i, a := range addresses {
		all[i] = Notification{
			EventID: n.EventID, Event: n.Type, OccurredAt: n.OccurredAt, Order: n.Order,
			Channel: a.Channel, Recipient: a.Recipient, Locale: c.Locale, Trace: n.Trace,
			State: Waiting, DueAt: at, CreatedAt: at,
		}
	}
	return all
}

// Template names the text of n, as News.Template.
func (n Notification) Template() string { return templateOf(n.Event, n.Order.Status) }

// Identity is the same for every attempt to deliver n, so that a receiver can
// recognise a repetition. It is safe in headers.
func (n Notification) Identity() string { return n.EventID + "." + string(n.Channel) }

// Started returns n with one more attempt running, which counts as lost at until.
func (n Notification) Started(until time.Time) Notification {
	n.Attempts++
	n.DueAt = until
	return n
}

// Delivered returns n as it is once the receiver has taken it.
func (n Notification) Delivered(at time.Time) Notification {
	n.State, n.Reason, n.SentAt, n.Recipient = Sent, "", at, ""
	return n
}

// Missed returns n after an attempt that failed with err: due again later, or
// Failed if err is permanent or p allows no more. spread is as in Policy.Pause.
func (n Notification) Missed(err error, at time.Time, p Policy, spread float64) Notification {
	n.Reason = reasonOf(err)
	pause, again := p.Pause(n.Attempts, retryAfter(err), spread)
	if permanent(err) || !again {
		n.State, n.Recipient = Failed, ""
		return n
	}
	n.DueAt = at.Add(pause)
	return n
}

// Interrupted returns n after an attempt that this service itself broke off: it
// does not count, and any replica may start it again at once.
func (n Notification) Interrupted(at time.Time) Notification {
	n.Attempts--
	n.DueAt = at
	return n
}
