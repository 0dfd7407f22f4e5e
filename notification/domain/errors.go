package domain

import (
	"fmt"
	"time"

	"shop/kit/errs"
)

// Errors of telling users.
var (
	// ErrNews: what arrived is no news this service can tell; its parameters name
	// the field and the rule. It will never be handled as it stands.
	ErrNews = errs.New(errs.Invalid, "event_invalid")
	// ErrRejected: the receiver will never take the message; trying again is no use.
	ErrRejected = errs.New(errs.Refused, "delivery_rejected")
	// ErrUndelivered: the message was not taken this time.
	ErrUndelivered = errs.New(errs.Unavailable, "delivery_failed")
)

// Rejected returns ErrRejected with its reason: a few words that users and
// operators may read, so no contact data and nothing the receiver wrote.
func Rejected(reason string) error { return ErrRejected.With("reason", reason) }

// Undelivered returns ErrUndelivered with its reason, as Rejected; after is when
// the receiver asks to be tried again, 0 if it does not say.
func Undelivered(reason string, after time.Duration) error {
	return ErrUndelivered.With("reason", reason).After(after)
}

// reasonOf returns what a failed attempt tells its readers. Only the reasons of
// Rejected and Undelivered are known to be safe; of anything else they see the code.
func reasonOf(err error) string {
	e := errs.Of(err)
	if reason, ok := e.Params["reason"]; ok && (e.Code == ErrRejected.Code || e.Code == ErrUndelivered.Code) {
		return fmt.Sprint(reason)
	}
	return e.Code
}

// permanent reports whether err means that no further attempt can succeed. A
// fault that nobody classified may pass, so it is tried again.
func permanent(err error) bool {
	kind := errs.KindOf(err)
	return kind == errs.Refused || kind == errs.Invalid
}

// retryAfter returns when the receiver asked to be tried again, 0 if it did not.
func retryAfter(err error) time.Duration { return errs.Of(err).RetryAfter }
