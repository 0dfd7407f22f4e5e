package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Names of an Envoy's files.
const (
	BootstrapFile = "bootstrap.yaml"    // What Envoy is started with; all others are read again when they change.
	ListenersFile = "lds.yaml"          // Where it listens and what it does with requests.
	ClustersFile  = "cds.yaml"          // Whom it calls, and how.
	IdentityFile  = "sds-workload.yaml" // Where its certificate and key are.
	RootsFile     = "sds-ca.yaml"       // Where the roots are that it trusts.
	PublicFile    = "sds-public.yaml"   // Where the edge's public certificate is, if it has one.
)

// Files are the configuration of one Envoy, by the names of its files.
type Files map[string][]byte

// Names returns the files' names in the order in which a running Envoy should
// meet them: certificates before who uses them, clusters before listeners.
func (f Files) Names() []string {
	order := []string{IdentityFile, RootsFile, PublicFile, ClustersFile, ListenersFile, BootstrapFile}
	return slices.SortedFunc(maps.Keys(f), func(a, b string) int {
		return slices.Index(order, a) - slices.Index(order, b)
	})
}

// Stale returns the names of the files that dir lacks, or has with another
// content.
func (f Files) Stale(dir string) ([]string, error) {
	var stale []string
	for _, name := range f.Names() {
		old, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // The operator's own directory.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(old, f[name]) {
			stale = append(stale, name)
		}
	}
	return stale, nil
}

// Write puts the files into dir, which is made when it is missing, each by a
// rename, which is what Envoy looks for; a file that says the same already is
// left alone. changed names what was replaced. An error leaves whole files only.
func (f Files) Write(dir string) (changed []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // There is no secret in them.
		return nil, fmt.Errorf("write the configuration of Envoy: %w", err)
	}
	stale, err := f.Stale(dir)
	if err != nil {
		return nil, fmt.Errorf("write the configuration of Envoy: %w", err)
	}
	for i, name := range stale {
		if err := replace(filepath.Join(dir, name), f[name]); err != nil {
			return stale[:i], fmt.Errorf("write the configuration of Envoy: %w", err)
		}
	}
	return stale, nil
}

// replace puts content in the place of the file at path.
func replace(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
