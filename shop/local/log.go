package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxLog is how large a log may be at a start before it is set aside.
const maxLog = 16 << 20 // bytes

// OpenLog opens the log at path for appending, once SetAside has seen it.
func OpenLog(path string) (*os.File, error) {
	if err := SetAside(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // The operator's own path.
	if err != nil {
		return nil, fmt.Errorf("log %s can't be written: %w", path, errors.Unwrap(err))
	}
	return f, nil
}

// SetAside renames a log that has grown large, in place of the one set aside
// before.
func SetAside(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= maxLog {
		return nil
	}
	if err == nil {
		err = os.Rename(path, path+".1")
	}
	if err != nil {
		return fmt.Errorf("set the old log aside: %w", err)
	}
	return nil
}
