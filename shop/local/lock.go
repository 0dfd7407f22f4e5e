package local

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrTaken says that another shop runs on the same data directory.
var ErrTaken = errors.New("another shop runs on this data directory")

// lock keeps a second shop out of dir until release is called. Two shops on one
// directory would settle each other's reservations.
func lock(dir string) (release func() error, err error) {
	l := flock.New(filepath.Join(dir, "shop.lock"))
	got, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if !got {
		return nil, fmt.Errorf("%s: %w", dir, ErrTaken)
	}
	return l.Unlock, nil
}
