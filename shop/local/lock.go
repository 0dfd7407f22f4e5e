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

// How long the processes of a shop that was killed may take to end, and how often
// it is seen whether they have.
const (
	lockTime = 10 * time.Second
	lockPoll = 50 * time.Millisecond
)

// take keeps a second shop out of dir until the lock is released. Two shops on one
// directory would settle each other's reservations.
func take(ctx context.Context, dir string) (*lock, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	again := time.NewTicker(lockPoll)
	defer again.Stop()
	for {
		l, ending, err := tryLock(filepath.Join(dir, "shop.lock"))
		if err != nil {
			return nil, fmt.Errorf("lock the data directory: %w", err)
		}
		if l != nil {
			return l, nil
		}
		taken := fmt.Errorf("%s: %w", dir, ErrTaken)
		if !ending {
			return nil, taken
		}
		select {
		case <-ctx.Done():
			return nil, taken
		case <-again.C:
		}
	}
}
