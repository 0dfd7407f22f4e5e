package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// ErrTaken says that another shop runs on the same data directory.
var ErrTaken = errors.New("another shop runs on this data directory")

// lockPoll is how often a lock is tried that may become free.
const lockPoll = 50 * time.Millisecond

// take keeps a second shop out of dir until the lock is released; one that is
// ending may take so long. Two shops on one directory would settle each other's
// reservations.
func take(ctx context.Context, dir string, patience time.Duration) (*lock, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(lockPoll)
	defer again.Stop()
	for {
		l, err := tryLock(filepath.Join(dir, "shop.lock"))
		if err != nil {
			return nil, fmt.Errorf("lock the data directory: %w", err)
		}
		if l != nil {
			return l, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", dir, ErrTaken)
		case <-again.C:
		}
	}
}
