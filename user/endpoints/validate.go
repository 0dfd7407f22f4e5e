package endpoints

import (
	"context"
	"errors"

	"shop/user/domain"
	"shop/user/ports"
)

// Validity is the answer to whether a token is valid. That it is not is an
// answer too, and no error.
type Validity struct {
	Valid  bool
	Caller domain.Caller // Of a valid token.
}

func validate(tokens ports.TokenChecker) func(context.Context, domain.AccessToken) (Validity, error) {
	return func(ctx context.Context, token domain.AccessToken) (Validity, error) {
		caller, err := tokens.Check(ctx, token)
		if refusal := domain.TokenRefusal(""); errors.As(err, &refusal) {
			return Validity{}, nil
		}
		if err != nil {
			return Validity{}, err
		}
		return Validity{Valid: true, Caller: caller}, nil
	}
}
