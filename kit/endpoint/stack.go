package endpoint

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
)

// Stack is the middleware of every endpoint of one service, in the one order
// that works:
//
//	Recover · Trace · Metrics · Log · Timeout · Authenticate · Limit
//
// A panic is answered whatever it passes; the span covers everything; a refused
// request is counted and logged like any other; the deadline covers the call to
// the user service; a stranger takes no place of those who are let in.
type Stack struct {
	tel          *telemetry.Telemetry
	requests     *prometheus.CounterVec
	timeout      time.Duration
	limit        *Limiter
	authenticate Middleware
}

// NewStack returns a Stack whose endpoints end after timeout (0 = never by
// themselves) and share limit (nil = no limit).
func NewStack(tel *telemetry.Telemetry, timeout time.Duration, limit *Limiter) Stack {
	requests := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "endpoint_requests_total",
		Help: "Calls of use cases by outcome: ok or the kind of the error.",
	}, []string{"endpoint", "outcome"}))
	return Stack{tel: tel, requests: requests, timeout: timeout, limit: limit}
}

// With returns a copy of s that authenticates.
func (s Stack) With(authenticate Middleware) Stack {
	s.authenticate = authenticate
	return s
}

// Of returns the middleware of the use case name ("order.place"), outermost
// first: the name of its span, metric and log lines.
func (s Stack) Of(name string) []Middleware {
	mw := []Middleware{
		recovering(s.tel.Log, name),
		traced(s.tel.Tracer, name),
		counted(s.requests, name),
		logged(s.tel.Log, name),
	}
	if s.timeout > 0 {
		mw = append(mw, timed(s.timeout))
	}
	if s.authenticate != nil {
		mw = append(mw, s.authenticate)
	}
	if s.limit != nil {
		mw = append(mw, s.limit.Middleware)
	}
	return mw
}
