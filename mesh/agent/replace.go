package agent

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// replaced are files that others have taken the place of, in the order in which
// it happened; nil = there was none.
type replaced []replacedFile

type replacedFile struct {
	name    string
	content []byte
}

func (r replaced) names() []string {
	names := make([]string, len(r))
	for i, f := range r {
		names[i] = f.name
	}
	return names
}

// replace renames the files in dir over those of Envoy that differ, which is what
// Envoy looks for.
func (c *configuration) replace(dir string) (replaced, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	order := []string{clustersFile, listenersFile, bootstrapFile} // All others have the index -1.
	slices.SortStableFunc(names, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	var old replaced
	for _, name := range names {
		target := filepath.Join(c.a.o.Config, name)
		before, err := os.ReadFile(target) //nolint:gosec // Below the operator's own directory.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return old, err
		}
		after, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // As above.
		if err != nil {
			return old, err
		}
		if before != nil && bytes.Equal(before, after) {
			continue
		}
		if err := os.Rename(filepath.Join(dir, name), target); err != nil {
			return old, err
		}
		old = append(old, replacedFile{name, before})
	}
	return old, nil
}

// putBack makes the files on disk those that Envoy runs on again.
func (c *configuration) putBack(old replaced) error {
	for _, f := range slices.Backward(old) {
		target := filepath.Join(c.a.o.Config, f.name)
		if f.content == nil {
			if err := os.Remove(target); err != nil {
				return err
			}
			continue
		}
		temporary := filepath.Join(c.a.o.Config, ".old-"+f.name)
		if err := os.WriteFile(temporary, f.content, 0o644); err != nil { //nolint:gosec // There is no secret in it.
			return err
		}
		if err := os.Rename(temporary, target); err != nil {
			return err
		}
	}
	return nil
}
