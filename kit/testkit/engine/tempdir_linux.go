package engine

import (
	"errors"
	"fmt"
	"os"
)

// TempDir makes a directory for engines that are not to be kept. It goes by
// remove, or when this process ends without having called it, whatever ends it.
func TempDir() (dir string, remove func() error, err error) {
	dir, err = os.MkdirTemp("", "engines-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for engines: %w", err)
	}
	// Engines that are ending still write: one removal may not do.
	const script = `read -r _; for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 0.2; done`
	cmd, alive, err := companion([]string{"-c", script, "remover", dir})
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("make a directory for engines: %w", err), os.Remove(dir))
	}
	return dir, func() error { return errors.Join(alive.close(), cmd.Wait()) }, nil
}
