// Package endpoints makes go-kit endpoints of the use cases: one line each, with
// the middleware they stand behind.
package endpoints

import (
	"context"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/order/domain"
	"shop/order/ports"
)

// Set is every endpoint of the service.
type Set struct {
	Place, Get, List, ChangeStatus, Delete endpoint.Endpoint
	Settle                                 endpoint.Endpoint
}

// New returns the endpoints. What buyers do stands behind authenticated; other
// services' calls, behind internal, are authenticated by their transport.
func New(s ports.Service, settlement ports.Settlement, authenticated, internal endpoint.Stack) Set {
	return Set{
		Place:        endpoint.New(forUser(s.Place), authenticated.Of("order.place")...),
		Get:          endpoint.New(forUser(s.Get), authenticated.Of("order.get")...),
		List:         endpoint.New(forUser(s.List), authenticated.Of("order.list")...),
		ChangeStatus: endpoint.New(forUser(s.ChangeStatus), authenticated.Of("order.change_status")...),
		Delete:       endpoint.New(forUser(action(s.Delete)), authenticated.Of("order.delete")...),
		Settle:       endpoint.New(settlement.Settle, internal.Of("order.settle")...),
	}
}

// forUser gives a use case the user who was authenticated.
func forUser[Req, Resp any](
	f func(context.Context, domain.UserID, Req) (Resp, error),
) func(context.Context, Req) (Resp, error) {
	return func(ctx context.Context, r Req) (Resp, error) {
		return f(ctx, domain.UserID(auth.Must(ctx).UserID), r)
	}
}

// action gives a use case that returns nothing a response.
func action[Req any](
	f func(context.Context, domain.UserID, Req) error,
) func(context.Context, domain.UserID, Req) (endpoint.None, error) {
	return func(ctx context.Context, u domain.UserID, r Req) (endpoint.None, error) {
		return endpoint.None{}, f(ctx, u, r)
	}
}
