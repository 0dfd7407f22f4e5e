package engine

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// program returns the path of an engine's program: the first of these files that
// is there, else what PATH says.
func program(name, debianPackage string, files ...string) (string, error) {
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { //nolint:gosec // G703: where Debian has its programs.
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed; on Debian and Ubuntu it comes with: apt-get install %s", name, debianPackage)
	}
	return path, nil
}

// byVersion returns the files that match pattern, which has the version as its
// only *, the newest first.
func byVersion(pattern string) []string {
	files, _ := filepath.Glob(pattern) // The pattern is right.
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return files
}
