// Package errs is the core's only error vocabulary: an error has a kind, which
// a transport turns into a status, a code, which selects the text a client
// reads, and parameters, which fill that text. What carries no Error is
// Internal and never reaches a client.
package errs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Kind is the class of an error. The zero Kind is Internal.
type Kind uint8

// The kinds, from "a bug" to "try again later".
const (
	Internal        Kind = iota // A bug or a broken dependency; its text stays in the log.
	Invalid                     // The request can never succeed as it stands: its form or a field is wrong.
	Refused                     // Well formed, but a business rule says no: a name is taken, stock is short.
	Unauthenticated             // No valid credentials.
	Forbidden                   // Valid credentials, not allowed.
	NotFound                    // No such entity.
	Conflict                    // The state of the entity forbids it.
	Stale                       // The entity has changed since the caller last read it.
	Limited                     // Too many requests from this caller; try later.
	Unavailable                 // A dependency is away or the service is overloaded; safe to retry.
)

var names = [...]string{
	"internal", "invalid", "refused", "unauthenticated", "forbidden",
	"not_found", "conflict", "stale", "limited", "unavailable",
}

func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Params fill the placeholders of an error's text: "{id}" is Params["id"].
// Values are strings, integers or fmt.Stringers and safe to show to a client.
type Params map[string]any

// Fault is one wrong field of a request.
type Fault struct {
	Loc    []any  // Where: "body", "price"; list positions are ints.
	Code   string // Which rule: "missing", "greater_than", "string_too_long".
	Params Params // Fill the rule's text: {"gt": 0}.
}

// Error is a classified error. Sentinels are made by New and never changed;
// With, Wrap, After and At return copies.
type Error struct {
	Kind       Kind
	Code       string // Stable and machine-readable: "product_not_found".
	Params     Params
	Faults     []Fault       // Kind Invalid only: every wrong field at once.
	RetryAfter time.Duration // When to try again; 0 = the transport's default for Limited and Unavailable, unsaid for other kinds.
	cause      error
}

// New returns a sentinel. Compare with errors.Is, which matches by code.
func New(k Kind, code string) *Error { return &Error{Kind: k, Code: code} }

// Error is for logs: code, parameters and cause. Clients read the text that the
// transport selects by code.
func (e *Error) Error() string {
	s := e.Code
	if len(e.Params) > 0 {
		s += fmt.Sprintf(" %v", map[string]any(e.Params))
	}
	for _, f := range e.Faults {
		s += fmt.Sprintf(" %v:%s", f.Loc, f.Code)
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, which only logs show.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an Error of the same code, so a sentinel still
// matches after it has crossed the network.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns a copy of e with the parameter key set to value.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Params = maps.Clone(e.Params)
	if c.Params == nil {
		c.Params = Params{}
	}
	c.Params[key] = value
	return &c
}

// Wrap returns a copy of e with cause under it.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy of e that asks the caller to wait for d.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Errors of the platform itself; every other sentinel stands in a domain.
var (
	ErrInternal    = New(Internal, "internal")
	ErrUnavailable = New(Unavailable, "unavailable") // A dependency is away.
	ErrOverloaded  = New(Unavailable, "overloaded")  // This service sheds load.
	ErrTimeout     = New(Unavailable, "timeout")     // The deadline of the request passed.
	ErrInvalid     = New(Invalid, "validation_failed")
)

// Of returns the Error inside err. A context that ended is ErrTimeout; anything
// that nobody classified is ErrInternal with err as its cause. Of(nil) is nil.
func Of(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return ErrTimeout.Wrap(err)
	default:
		return ErrInternal.Wrap(err)
	}
}

// KindOf returns the kind of err as Of sees it; Internal for nil too.
func KindOf(err error) Kind {
	if err == nil {
		return Internal
	}
	return Of(err).Kind
}
