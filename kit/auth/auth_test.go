package auth_test

import (
	"context"
	"errors"
	"testing"

	"shop/kit/auth"
	"shop/kit/endpoint"
)

// fixed is a Validator that knows one token and counts how often it is asked.
type fixed struct {
	token auth.Token
	id    auth.Identity
	err   error
	asked int
}

func (f *fixed) Validate(_ context.Context, t auth.Token) (auth.Identity, error) {
	f.asked++
	if t != f.token {
		return auth.Identity{}, auth.ErrUnauthenticated
	}
	return f.id, f.err
}

func TestAuthenticate(t *testing.T) {
	alice := auth.Identity{UserID: 7, Username: "alice"}
	tests := map[string]struct {
		token     auth.Token
		validator fixed
		want      error
		asked     int
	}{
		"a valid token":       {"good", fixed{token: "good", id: alice}, nil, 1},
		"an invalid token":    {"bad", fixed{token: "good", id: alice}, auth.ErrUnauthenticated, 1},
		"no token":            {"", fixed{token: "good", id: alice}, auth.ErrUnauthenticated, 0},
		"nobody could say so": {"good", fixed{token: "good", err: auth.ErrAuthUnavailable}, auth.ErrAuthUnavailable, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var seen auth.Identity
			e := endpoint.New(func(ctx context.Context, request string) (string, error) {
				seen = auth.Must(ctx)
				return request, nil
			}, auth.Authenticate(&tt.validator))
			ctx := t.Context()
			if tt.token != "" {
				ctx = auth.WithToken(ctx, tt.token)
			}
			response, err := e(ctx, "request")
			if !errors.Is(err, tt.want) || tt.validator.asked != tt.asked {
				t.Errorf("got %v after %d validations, want %v after %d", err, tt.validator.asked, tt.want, tt.asked)
			}
			if tt.want == nil && (response != "request" || seen != alice) {
				t.Errorf("got %v for %+v, want the response for %+v", response, seen, alice)
			}
			if tt.want != nil && seen != (auth.Identity{}) {
				t.Errorf("the use case ran for %+v", seen)
			}
		})
	}
}

func TestMustPanicsWhereNobodyAuthenticated(t *testing.T) {
	if _, ok := auth.From(t.Context()); ok {
		t.Error("From found an identity in an empty context")
	}
	defer func() {
		if recover() == nil {
			t.Error("Must returned")
		}
	}()
	auth.Must(t.Context())
}
