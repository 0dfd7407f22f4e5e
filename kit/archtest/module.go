package archtest

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// module is what the rule needs to know of a module's source.
type module struct {
	path    string // "shop/order"
	system  string // "shop": the first element of the paths of all modules.
	service bool   // It has the shape of a service.
	files   []file
}

// file is one Go file.
type file struct {
	name    string // Relative to the module, with slashes: "domain/order.go".
	pkg     string // The name in its package clause.
	test    bool
	imports []string
}

// dir is the file's folder in the module, "." for the root.
func (f file) dir() string { return path.Dir(f.name) }

var errNoModule = errors.New("go.mod names no module")

func readModule(root string) (module, error) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod")) //nolint:gosec // G304: the test names its own module.
	if err != nil {
		return module{}, fmt.Errorf("this is no module: %w", err)
	}
	m := module{}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			m.path = strings.Trim(strings.TrimSpace(name), `"`)
			break
		}
	}
	if m.path == "" {
		return module{}, errNoModule
	}
	m.system, _, _ = strings.Cut(m.path, "/")
	if info, err := os.Stat(filepath.Join(root, "domain")); err == nil {
		m.service = info.IsDir()
	}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipped(root, name, entry)
		case !strings.HasSuffix(name, ".go"):
			return nil
		}
		f, err := readFile(root, name)
		if err == nil {
			m.files = append(m.files, f)
		}
		return err
	})
	return m, err
}

// skipped leaves out what isn't part of the module.
func skipped(root, name string, entry fs.DirEntry) error {
	if name == root {
		return nil
	}
	if entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func readFile(root, name string) (file, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return file{}, err
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return file{}, err
	}
	f := file{name: filepath.ToSlash(relative), pkg: parsed.Name.Name, test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}
