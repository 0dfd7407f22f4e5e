package engine

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// password returns the password of the engine in dir. It is made once and kept
// in a file that only its owner reads.
func password(dir string) (string, error) {
	path := filepath.Join(dir, "password")
	text, err := os.ReadFile(path) //nolint:gosec // G304: the engine's own directory.
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the password of an engine: %w", err)
	}
	made := rand.Text()
	// Whole or not at all: the engine would keep half a password for ever.
	if err := os.WriteFile(path+".new", []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the password of an engine: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", fmt.Errorf("write the password of an engine: %w", err)
	}
	return made, nil
}
