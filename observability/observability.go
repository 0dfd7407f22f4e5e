// Package observability is the shop seen from outside: what Prometheus reads and
// when it calls somebody, and what to do then. Everything is a plain file that
// Prometheus and people read as it is; this package carries the files, so that a
// local shop can start with them, and its tests prove them with promtool.
package observability

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed prometheus/rules/*.yml runbooks/*.md
var files embed.FS

const (
	rulesDir    = "prometheus/rules"
	runbooksDir = "runbooks"
)

// Rules returns the rule files by name, for instance "mesh.yml".
func Rules() (map[string][]byte, error) { return all(rulesDir) }

// Runbooks returns the runbooks by the name of their alert, without their index.
func Runbooks() (map[string][]byte, error) {
	pages, err := all(runbooksDir)
	delete(pages, "README.md")
	byAlert := map[string][]byte{}
	for name, text := range pages {
		byAlert[strings.TrimSuffix(name, ".md")] = text
	}
	return byAlert, err
}

func all(dir string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	byName := map[string][]byte{}
	for _, e := range entries {
		text, err := files.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		byName[e.Name()] = text
	}
	return byName, nil
}
