package http

import (
	"context"
	"errors"

	"shop/kit/endpoint"
	"shop/kit/errs"

	"shop/product/domain"
)

// priced tells a change that leaves a product without a price which field it
// lacks.
func priced(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		response, err := next(ctx, request)
		if errors.Is(err, domain.ErrUnpriced) {
			invalid := errs.ErrInvalid.Wrap(err)
			invalid.Faults = []errs.Fault{{Loc: []any{"body", "price"}, Code: domain.ErrUnpriced.Code, Params: domain.ErrUnpriced.Params}}
			err = invalid
		}
		return response, err
	}
}
