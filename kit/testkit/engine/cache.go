package engine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// cached returns the path of a program that this repository builds: what the
// environment variable names, else what PATH has, else the one in .cache/bin of
// the working directory or of one above it, where scripts/test.sh puts it.
func cached(name, variable string) (string, error) {
	if named := os.Getenv(variable); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%s names no program: %w", variable, err)
		}
		return filepath.Abs(path) // It is started in another directory.
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if path, err := exec.LookPath(filepath.Join(dir, ".cache", "bin", name)); err == nil {
			return path, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("%s is not there; scripts/test.sh prerequisites builds it (%s may name its file)", name, variable)
		}
		dir = above
	}
}
