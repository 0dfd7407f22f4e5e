package app

import (
	"context"
	"fmt"

	"shop/order/domain"
)

// purgeBatch keeps each transaction short.
const purgeBatch = 500

// PurgeKeys forgets one batch of idempotency keys whose time is over and
// reports whether there may be more.
func (s *Service) PurgeKeys(ctx context.Context) (more bool, err error) {
	n, err := s.keys.Purge(ctx, s.now().Add(-domain.KeyRetention), purgeBatch)
	if err != nil {
		return false, fmt.Errorf("purge idempotency keys: %w", err)
	}
	return n == purgeBatch, nil
}
