package endpoints_test

import (
	"context"
	"errors"
	"testing"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"

	"shop/user/domain"
	"shop/user/endpoints"
	"shop/user/ports"
)

// checker gives one answer to every check.
type checker struct {
	caller domain.Caller
	err    error
}

func (c checker) Check(context.Context, domain.AccessToken) (domain.Caller, error) {
	return c.caller, c.err
}

// core does nothing but remember who asked.
type core struct {
	ports.Accounts
	ports.Access
	ports.Directory
	asked *domain.Caller
}

func (c core) Logout(_ context.Context, cmd ports.Logout) error { *c.asked = cmd.Caller; return nil }

func (c core) Profile(_ context.Context, id domain.UserID) (domain.User, error) {
	c.asked.User = id
	return domain.User{ID: id}, nil
}

func (c core) ChangeProfile(_ context.Context, cmd ports.ChangeProfile) (domain.User, error) {
	*c.asked = cmd.Caller
	return domain.User{}, nil
}

var anna = domain.Caller{User: 7, Name: "anna", Session: "s"}

func set(t *testing.T, check checker) (endpoints.Set, *domain.Caller) {
	t.Helper()
	c := core{asked: new(domain.Caller)}
	open := endpoint.NewStack(telemetry.Nop(), 0, nil)
	return endpoints.New(
		endpoints.Core{Accounts: c, Access: c, Directory: c, Tokens: check},
		endpoints.Stacks{Open: open, Hashing: open, Authenticated: open.With(endpoints.Authenticate(check))},
	), c.asked
}

func TestValidateToken(t *testing.T) {
	away := errs.ErrUnavailable.Wrap(errors.New("the database is away"))
	for name, tc := range map[string]struct {
		check checker
		want  endpoints.Validity
		err   error
	}{
		"valid":        {checker{caller: anna}, endpoints.Validity{Valid: true, Caller: anna}, nil},
		"refused":      {checker{err: domain.TokenExpired}, endpoints.Validity{}, nil},
		"nobody knows": {checker{err: away}, endpoints.Validity{}, errs.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := set(t, tc.check)
			got, err := e.ValidateToken(t.Context(), domain.PresentedToken("x"))
			if !errors.Is(err, tc.err) || err == nil && got != tc.want {
				t.Errorf("got %v, %v; want %v, %v", got, err, tc.want, tc.err)
			}
		})
	}
}

func TestTheCallerComesFromTheToken(t *testing.T) {
	ctx := auth.WithToken(t.Context(), "x")
	for name, call := range map[string]func(endpoints.Set) (any, error){
		"profile": func(e endpoints.Set) (any, error) { return e.Profile(ctx, endpoints.Me{}) },
		"change":  func(e endpoints.Set) (any, error) { return e.ChangeProfile(ctx, ports.ChangeProfile{}) },
		"logout":  func(e endpoints.Set) (any, error) { return e.Logout(ctx, ports.Logout{}) },
		"change for another": func(e endpoints.Set) (any, error) {
			return e.ChangeProfile(ctx, ports.ChangeProfile{Caller: domain.Caller{User: 8}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, asked := set(t, checker{caller: anna})
			if _, err := call(e); err != nil || asked.User != anna.User {
				t.Errorf("asked for %+v, %v", asked, err)
			}
		})
	}
}

func TestAuthenticate(t *testing.T) {
	with := auth.WithToken(t.Context(), "x")
	for name, tc := range map[string]struct {
		ctx   context.Context
		check checker
		want  error
	}{
		"without a token":    {t.Context(), checker{caller: anna}, auth.ErrUnauthenticated},
		"with a refused one": {with, checker{err: domain.TokenRevoked}, auth.ErrUnauthenticated},
		"when nobody knows":  {with, checker{err: errs.ErrUnavailable}, errs.ErrUnavailable},
		"with a valid one":   {with, checker{caller: anna}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e, asked := set(t, tc.check)
			if _, err := e.Profile(tc.ctx, endpoints.Me{}); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if (tc.want == nil) != (asked.User == anna.User) {
				t.Errorf("the use case was asked for %+v", asked)
			}
		})
	}
}

func TestAnEndpointThatForgotToAuthenticate(t *testing.T) {
	c := core{asked: new(domain.Caller)}
	open := endpoint.NewStack(telemetry.Nop(), 0, nil)
	e := endpoints.New(endpoints.Core{Accounts: c, Access: c, Directory: c, Tokens: checker{}},
		endpoints.Stacks{Open: open, Hashing: open, Authenticated: open})
	if _, err := e.Profile(t.Context(), endpoints.Me{}); errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v, want a bug to show", err)
	}
}
