package web

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"shop/kit/errs"
)

// exchange is one request and its response on their way: the http.ResponseWriter
// of every handler behind a mount.
type exchange struct {
	http.ResponseWriter
	r       *http.Request
	mount   *mount
	traceID string
	status  int
	bytes   int64
	failure *errs.Error

	// Values of headers, kept here so that each costs no allocation of its own.
	requestHeader, traceHeader, lengthHeader [1]string
}

// exchangeOf returns the exchange that w is. Every handler is behind a mount.
func exchangeOf(w http.ResponseWriter) *exchange { return w.(*exchange) }

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// reads reports whether the request is a GET or HEAD.
func (x *exchange) reads() bool {
	return x.r.Method == http.MethodGet || x.r.Method == http.MethodHead
}

// send sends a whole body. What goes wrong now is the client's loss alone.
func (x *exchange) send(status int, contentType []string, body []byte) {
	h := x.Header()
	h["Content-Type"] = contentType
	x.lengthHeader[0] = strconv.Itoa(len(body))
	h["Content-Length"] = x.lengthHeader[:]
	x.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.Write(body)
	}
}

// recovered handles what recover returned and reports whether the response is
// beyond repair.
func (x *exchange) recovered(ctx context.Context, p any) (broken bool) {
	if p == nil {
		return false
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // A panic value, compared as net/http does.
		return true
	}
	x.mount.h.log.ErrorContext(ctx, "handler panicked", "route", x.mount.route,
		"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if x.status != 0 {
		return true
	}
	x.mount.h.fail(ctx, x, errs.ErrInternal)
	return false
}
