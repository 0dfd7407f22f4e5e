// Package endpoints makes go-kit endpoints of the use cases: one line each, with
// the middleware they stand behind.
package endpoints

import (
	"context"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Set is every endpoint of the service.
type Set struct {
	List endpoint.Endpoint
}

// New returns the endpoints; users see their own notifications only.
func New(r ports.Reader, authenticated endpoint.Stack) Set {
	own := func(ctx context.Context, p domain.Page) (ports.List, error) {
		return r.OfUser(ctx, ports.OfUser{UserID: auth.Must(ctx).UserID, Page: p})
	}
	return Set{
		List: endpoint.New(own, authenticated.Of("notification.list")...),
	}
}
