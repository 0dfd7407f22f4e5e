package web

import "net/http"

// Answer is an error with what the response to it carries besides the error: a
// service wraps its error in one where the transport needs to know more.
type Answer struct {
	Err    error
	Header http.Header // More headers.
	// TraceID is shown in the body in place of this request's: a repeated answer
	// is the answer that was given then. "" = this request's.
	TraceID string
}

func (a *Answer) Error() string { return a.Err.Error() }

// Unwrap returns the error, which decides status and text.
func (a *Answer) Unwrap() error { return a.Err }
