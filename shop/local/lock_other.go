//go:build !linux && !darwin

package local

import (
	"os"

	"github.com/gofrs/flock"
)

// lock is of this process alone.
type lock struct{ *flock.Flock }

// tryLock returns nil without an error where another has the lock.
func tryLock(path string) (*lock, error) {
	l := flock.New(path)
	if got, err := l.TryLock(); err != nil || !got {
		return nil, err
	}
	return &lock{l}, nil
}

func (l *lock) shared() *os.File { return nil }

func (l *lock) release() error { return l.Unlock() }
