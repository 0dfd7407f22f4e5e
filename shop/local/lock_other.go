//go:build !linux && !darwin

package local

import (
	"os"

	"github.com/gofrs/flock"
)

// lock is of this process alone.
type lock struct{ *flock.Flock }

// tryLock returns nil without an error where another has the lock.
func tryLock(path string) (l *lock, ending bool, err error) {
	f := flock.New(path)
	if got, err := f.TryLock(); err != nil || !got {
		return nil, false, err
	}
	return &lock{f}, false, nil
}

func (l *lock) shared() *os.File { return nil }

func (l *lock) release() error { return l.Unlock() }
