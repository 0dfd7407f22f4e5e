// Package auth finds out who is calling. The user service alone knows; every
// other service asks it for each authenticated request by POST /validate-token,
// holds no secret and never decodes a token.
package auth

import (
	"context"

	"shop/kit/endpoint"
	"shop/kit/errs"
)

// How authentication fails. The texts belong to each service.
var (
	ErrUnauthenticated = errs.New(errs.Unauthenticated, "unauthenticated") // No token, or one that is not valid.
	ErrAuthUnavailable = errs.New(errs.Unavailable, "auth_unavailable")    // Nobody could say whether the token is valid.
)

// Identity is who is calling.
type Identity struct {
	UserID   int64
	Username string
}

type identityKey struct{}

// WithIdentity returns ctx carrying who is calling.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// From returns who is calling; false outside of an authenticated request.
func From(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}

// Must returns who is calling. It panics outside of an authenticated request: the
// endpoint lacks Authenticate, and guessing would be worse.
func Must(ctx context.Context) Identity {
	id, ok := From(ctx)
	if !ok {
		panic("auth: no identity in the context; is the endpoint wrapped by Authenticate?")
	}
	return id
}

// Validator decides whether a token is valid.
type Validator interface {
	// Validate returns whom t stands for; ErrUnauthenticated if t is not valid,
	// ErrAuthUnavailable if that can't be found out now.
	Validate(ctx context.Context, t Token) (Identity, error)
}

// Authenticate lets a request through, with its Identity in the context, if the
// token that FromHeader found is valid. Without a token v is not asked.
func Authenticate(v Validator) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			t, ok := TokenFrom(ctx)
			if !ok {
				return nil, ErrUnauthenticated
			}
			id, err := v.Validate(ctx, t)
			if err != nil {
				return nil, err
			}
			return next(WithIdentity(ctx, id), request)
		}
	}
}
