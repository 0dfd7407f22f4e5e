package endpoint_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"shop/kit/endpoint"
	"shop/kit/errs"
)

type (
	question struct{ A, B int }
	answer   struct{ Sum int }
)

func add(_ context.Context, q question) (answer, error) { return answer{q.A + q.B}, nil }

func TestAUseCaseIsAnEndpoint(t *testing.T) {
	refused := errs.New(errs.Refused, "refused")
	tests := map[string]struct {
		endpoint endpoint.Endpoint
		request  any
		want     any
		err      error
	}{
		"answers":                   {endpoint.New(add), question{1, 2}, answer{3}, nil},
		"refuses":                   {endpoint.New(func(context.Context, question) (answer, error) { return answer{9}, refused }), question{}, nil, refused},
		"answers nothing":           {endpoint.Action(func(context.Context, question) error { return nil }), question{}, endpoint.None{}, nil},
		"an action refuses":         {endpoint.Action(func(context.Context, question) error { return refused }), question{}, nil, refused},
		"wrong fields":              {endpoint.New(add), endpoint.Deferred{Err: errs.ErrInvalid}, nil, errs.ErrInvalid},
		"a request of another kind": {endpoint.New(add), "1+2", nil, errs.ErrInternal},
		"no request":                {endpoint.New(add), nil, nil, errs.ErrInternal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.endpoint(t.Context(), tt.request)
			if !reflect.DeepEqual(got, tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestTheFirstMiddlewareIsOutermost(t *testing.T) {
	var order []string
	mark := func(name string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				order = append(order, name)
				return next(ctx, request)
			}
		}
	}
	if _, err := endpoint.New(add, mark("a"), mark("b"), mark("c"))(t.Context(), question{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c"}; !reflect.DeepEqual(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}
