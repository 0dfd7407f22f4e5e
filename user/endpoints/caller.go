package endpoints

import (
	"context"
	"errors"

	"shop/kit/auth"
	"shop/kit/endpoint"

	"shop/user/domain"
	"shop/user/ports"
)

type callerKey struct{}

// Authenticate lets a request through, with its caller in the context, if the
// bearer token of the request is valid. It asks the core directly where other
// services ask over the network.
func Authenticate(tokens ports.TokenChecker) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			token, ok := auth.TokenFrom(ctx)
			if !ok {
				return nil, auth.ErrUnauthenticated
			}
			caller, err := tokens.Check(ctx, domain.PresentedToken(string(token)))
			if refusal := domain.TokenRefusal(""); errors.As(err, &refusal) {
				return nil, auth.ErrUnauthenticated.Wrap(err)
			}
			if err != nil {
				return nil, err
			}
			return next(context.WithValue(ctx, callerKey{}, caller), request)
		}
	}
}

// callerOf returns who is calling. It panics outside of an authenticated request:
// the endpoint lacks Authenticate, and guessing would be worse.
func callerOf(ctx context.Context) domain.Caller {
	caller, ok := ctx.Value(callerKey{}).(domain.Caller)
	if !ok {
		panic("endpoints: no caller in the context; is the endpoint wrapped by Authenticate?")
	}
	return caller
}

// Me is the request for the caller's own profile.
type Me struct{}

func profile(a ports.Accounts) func(context.Context, Me) (domain.User, error) {
	return func(ctx context.Context, _ Me) (domain.User, error) { return a.Profile(ctx, callerOf(ctx).User) }
}

func changeProfile(a ports.Accounts) func(context.Context, ports.ChangeProfile) (domain.User, error) {
	return func(ctx context.Context, cmd ports.ChangeProfile) (domain.User, error) {
		cmd.Caller = callerOf(ctx)
		return a.ChangeProfile(ctx, cmd)
	}
}

func logout(a ports.Access) func(context.Context, ports.Logout) error {
	return func(ctx context.Context, cmd ports.Logout) error {
		cmd.Caller = callerOf(ctx)
		return a.Logout(ctx, cmd)
	}
}
