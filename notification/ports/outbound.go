package ports

import (
	"context"
	"time"

	"shop/kit/errs"
	"shop/notification/domain"
)

// Contacts knows how users can be reached.
type Contacts interface {
	// Contact returns the contact data of a user; ErrUnknownUser if there is no
	// such user, an Unavailable error while nobody can say.
	Contact(ctx context.Context, userID int64) (domain.Contact, error)
}

// ErrUnknownUser is Contacts' answer for a user that does not exist.
var ErrUnknownUser = errs.New(errs.NotFound, "user_not_found")

// Records remembers which events were handled and what they led to.
type Records interface {
	// Record stores, in one transaction, that n was handled and the notifications
	// it leads to, whose ids it sets; or nothing, if n was handled before, or nothing
	// but that, if n is superseded.
	Record(ctx context.Context, n domain.News, notifications []domain.Notification) (Outcome, error)
}

// Queue hands out notifications for delivery. Several processes may share one.
type Queue interface {
	// Claim starts an attempt for at most limit of the channel's notifications
	// that are due at now, those longest due, and returns them as they stand then, in
	// any order. No other Claim returns them before until; after that the attempt counts
	// as lost and they are due again.
	Claim(ctx context.Context, c domain.Channel, now, until time.Time, limit int) ([]domain.Notification, error)
	// Settle stores how the attempt that Claim started ended: after is claimed as
	// its outcome left it. ErrLost if the attempt had been lost to another Claim.
	Settle(ctx context.Context, claimed, after domain.Notification) error
	// Waiting counts the notifications of each channel that are not delivered yet.
	Waiting(ctx context.Context) (map[domain.Channel]int64, error)
}

// ErrLost is Settle's answer when another claim has taken the notification over.
var ErrLost = errs.New(errs.Conflict, "attempt_lost")

// Archive keeps notifications for reading.
type Archive interface {
	// OfUser and OfOrder as in Reader, but without List.Next.
	OfUser(ctx context.Context, q OfUser) (List, error)
	OfOrder(ctx context.Context, orderID int64) ([]domain.Notification, error)
}

// Composer puts notifications into words.
type Composer interface {
	// Compose returns what n says in the language of its reader. Equal notifications
	// get equal messages. An error is a fault of the texts: trying again is no use.
	Compose(n domain.Notification) (domain.Message, error)
}

// Channel carries messages by one way of reaching people.
type Channel interface {
	// Send hands m to the receiver, at most once a call, together with m.ID, by
	// which the receiver can recognise a repetition. nil: the receiver took it.
	// domain.ErrRejected: it never will. domain.ErrUndelivered or any other error: not
	// this time, or nobody knows. No error tells contact data. Send returns within
	// the deadline of ctx.
	Send(ctx context.Context, m domain.Message) error
}
