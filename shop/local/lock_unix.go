//go:build linux || darwin

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lock is an advisory lock (man 2 flock) on a file with the number of the process
// that has taken it. It belongs to the open file, so that processes that inherit
// that hold it too, also when this one is killed.
type lock struct{ file *os.File }

// tryLock returns nil without an error where others have the lock; they are ending
// where the process that took it is no more.
func tryLock(path string) (l *lock, ending bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // In the shop's own directory.
	if err != nil {
		return nil, false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		ending = !lives(f)
		return nil, ending, f.Close()
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return &lock{f}, false, nil
}

// lives reports whether the process runs whose number is in f.
func lives(f io.Reader) bool {
	var pid int
	if _, err := fmt.Fscan(f, &pid); err != nil || pid <= 0 {
		return true // It is writing its number.
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func (l *lock) shared() *os.File { return l.file }

// release gives up this process's part of the lock.
func (l *lock) release() error { return l.file.Close() }
