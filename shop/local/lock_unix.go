//go:build linux || darwin

package local

import (
	"errors"
	"os"
	"syscall"
)

// lock is an advisory lock (man 2 flock). It belongs to the open file, so that
// processes that inherit that hold it too, also when this one is killed.
type lock struct{ file *os.File }

// tryLock returns nil without an error where another has the lock.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // In the shop's own directory.
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &lock{f}, nil
	}
	_ = f.Close() // Nothing was written.
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

func (l *lock) shared() *os.File { return l.file }

// release gives up this process's part of the lock.
func (l *lock) release() error { return l.file.Close() }
