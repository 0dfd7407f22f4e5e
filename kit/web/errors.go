package web

import (
	"net/http"

	"shop/kit/errs"
)

// table is the only relation of error kinds to HTTP statuses, read from kind to
// status by the server and from status to kind by the client. Rows with a code
// are errors of the transport itself, which no domain has a kind for.
var table = [...]struct {
	status int
	kind   errs.Kind
	code   string
}{
	{http.StatusInternalServerError, errs.Internal, ""},
	{http.StatusUnprocessableEntity, errs.Invalid, ""},
	{http.StatusBadRequest, errs.Refused, ""},
	{http.StatusUnauthorized, errs.Unauthenticated, ""},
	{http.StatusForbidden, errs.Forbidden, ""},
	{http.StatusNotFound, errs.NotFound, ""},
	{http.StatusConflict, errs.Conflict, ""},
	{http.StatusPreconditionFailed, errs.Stale, ""},
	{http.StatusTooManyRequests, errs.Limited, ""},
	{http.StatusServiceUnavailable, errs.Unavailable, ""},

	{http.StatusMethodNotAllowed, errs.Invalid, "method_not_allowed"},
	{http.StatusNotAcceptable, errs.Invalid, "not_acceptable"},
	{http.StatusRequestTimeout, errs.Invalid, "body_too_slow"},
	{http.StatusRequestEntityTooLarge, errs.Invalid, "body_too_large"},
	{http.StatusUnsupportedMediaType, errs.Invalid, "unsupported_media_type"},
}

// Errors of the transport itself.
var (
	errRouteNotFound    = errs.New(errs.NotFound, "route_not_found")
	errMethodNotAllowed = errs.New(errs.Invalid, "method_not_allowed")
	errNotAcceptable    = errs.New(errs.Invalid, "not_acceptable")
	errBodyTooSlow      = errs.New(errs.Invalid, "body_too_slow")
	errBodyTooLarge     = errs.New(errs.Invalid, "body_too_large")
	errUnsupportedMedia = errs.New(errs.Invalid, "unsupported_media_type")
	errNotReady         = errs.New(errs.Unavailable, "not_ready")

	// errNotACaller refuses whoever is no service that may call an internal
	// route. A client takes it for an unavailable service: credentials between
	// services are never the user's fault.
	errNotACaller = errs.New(errs.Forbidden, "not_a_caller")
)

// statusOf returns the status of e.
func statusOf(e *errs.Error) int {
	status := http.StatusInternalServerError
	for i := range table {
		if table[i].code != "" && table[i].code == e.Code {
			return table[i].status
		}
		if table[i].code == "" && table[i].kind == e.Kind {
			status = table[i].status
		}
	}
	return status
}

// kindOf returns the kind of errors that are answered with status.
func kindOf(status int) (kind errs.Kind, ok bool) {
	for i := range table {
		if table[i].status == status {
			return table[i].kind, true
		}
	}
	return errs.Internal, false
}

// unreadableError marks a request whose form is wrong: its size, its type or its
// syntax. It is answered before anything else is looked at.
type unreadableError struct{ err *errs.Error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// malformed is the answer to a body with wrong syntax: validation_failed with one
// fault.
func malformed(f errs.Fault) error {
	e := *errs.ErrInvalid
	e.Faults = []errs.Fault{f}
	return &unreadableError{&e}
}

// unencodableError is a response that could not be sent: a bug that no
// middleware has seen.
type unencodableError struct{ err error }

func (e *unencodableError) Error() string { return e.err.Error() }
func (e *unencodableError) Unwrap() error { return e.err }
