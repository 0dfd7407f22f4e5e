package http

import (
	"context"
	"errors"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/web"
	"shop/order/domain"
	"shop/order/ports"
)

// explained gives the errors of placing an order what only this side knows:
// which part of the request is at fault, and that an answer is a repeated one.
func explained(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		response, err := next(ctx, request)
		switch replay := (*ports.Replay)(nil); {
		case errors.As(err, &replay):
			err = &web.Answer{Err: err, Header: replayed(), TraceID: replay.TraceID}
		case errors.Is(err, domain.ErrTotalTooLarge):
			err = fault(err, "body", "quantity")
		case errors.Is(err, domain.ErrKeyReused):
			err = fault(err, "header", keyHeader)
		}
		return response, err
	}
}

// fault returns err as the one fault of a request, at loc.
func fault(err error, loc ...any) error {
	e := errs.Of(err)
	invalid := errs.ErrInvalid.Wrap(err)
	invalid.Faults = []errs.Fault{{Loc: loc, Code: e.Code, Params: e.Params}}
	return invalid
}
