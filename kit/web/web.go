// Package web serves and calls go-kit endpoints as JSON over HTTP. Four words
// carry it: Handle makes a route of an endpoint, NewHandler serves the routes of
// a service with everything the contract asks of every response, Server bounds
// what a slow or hostile client may do, and Call makes a typed function of a
// route of another service.
//
// It is the only package that touches go-kit's HTTP transport, and errors.go the
// only table from error kinds to statuses.
package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	kithttp "github.com/go-kit/kit/transport/http"

	"shop/kit/endpoint"
)

// Route is one line of a service's API, made by Handle.
type Route struct {
	method   string
	path     string
	status   int
	internal bool
	callers  []string
	server   func(options ...kithttp.ServerOption) http.Handler
}

// Handle returns the route of pattern ("POST /products", "GET /products/{id}")
// to e. dec reads the request and enc turns the response into its wire form,
// sent with status unless the Reply has one of its own.
//
// Errors of dec that say the request can't be read at all (Object and Form
// return them) are answered at once. Any other error of dec travels through e as
// endpoint.Deferred, so that a stranger is told to log in and not what is wrong
// with the fields.
//
// A pattern that is not "METHOD /path" panics: it is a bug that shows at start.
func Handle[Req, Resp any](
	pattern string, status int, e endpoint.Endpoint,
	dec func(*http.Request) (Req, error), enc func(Resp) Reply,
) Route {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("web: route %q is not of the form \"METHOD /path\"", pattern))
	}
	decode := func(_ context.Context, r *http.Request) (any, error) {
		req, err := dec(r)
		if err == nil {
			return req, nil
		}
		if unreadable := (*unreadableError)(nil); errors.As(err, &unreadable) {
			return nil, err
		}
		return endpoint.Deferred{Err: err}, nil
	}
	encode := func(_ context.Context, w http.ResponseWriter, response any) error {
		resp, ok := response.(Resp)
		if !ok {
			return &unencodableError{fmt.Errorf("response of the wrong type: %T, want %T", response, resp)}
		}
		return exchangeOf(w).reply(enc(resp), status)
	}
	return Route{
		method: method, path: path, status: status,
		server: func(options ...kithttp.ServerOption) http.Handler {
			return kithttp.NewServer(e, decode, encode, options...)
		},
	}
}

// Internal returns r for other services only. It is guarded as Config.InternalAuth
// says, is no part of RoutesOf, and its error bodies also carry "params", so that
// the calling service can fill its own text. In a mesh only the named callers
// ("notification") get in; without any, nobody does.
func (r Route) Internal(callers ...string) Route {
	r.internal = true
	r.callers = callers
	return r
}
