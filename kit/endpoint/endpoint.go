// Package endpoint turns a use case, a plain typed function, into a go-kit
// endpoint wrapped by the middleware that every endpoint of a service has.
package endpoint

import (
	"context"
	"fmt"

	gokit "github.com/go-kit/kit/endpoint"

	"shop/kit/errs"
)

// Endpoint is go-kit's own, so that any go-kit part fits.
type Endpoint = gokit.Endpoint

// Middleware is go-kit's own too.
type Middleware = gokit.Middleware

// None is the response of a use case that returns nothing.
type None struct{}

// Deferred is a request whose fields are wrong. It passes through the middleware
// like any request, so that authentication speaks first; the use case is then
// not called and Err is the answer.
type Deferred struct{ Err error }

// New returns f as an endpoint wrapped by mw, the first outermost.
func New[Req, Resp any](f func(context.Context, Req) (Resp, error), mw ...Middleware) Endpoint {
	var e Endpoint = func(ctx context.Context, request any) (any, error) {
		switch r := request.(type) {
		case Req:
			resp, err := f(ctx, r)
			if err != nil {
				return nil, err
			}
			return resp, nil
		case Deferred:
			return nil, r.Err
		default:
			return nil, errs.ErrInternal.Wrap(fmt.Errorf("request of the wrong type: %T, want %T", request, *new(Req)))
		}
	}
	for i := len(mw) - 1; i >= 0; i-- {
		e = mw[i](e)
	}
	return e
}

// Action is New for a use case that returns nothing; the response is None.
func Action[Req any](f func(context.Context, Req) error, mw ...Middleware) Endpoint {
	return New(func(ctx context.Context, r Req) (None, error) { return None{}, f(ctx, r) }, mw...)
}
