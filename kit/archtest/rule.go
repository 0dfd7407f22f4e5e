package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// layer is a top folder of a service; "." is its root package.
type layer = string

// mayImport says which layers of its own service a layer may import, besides
// itself. An adapter is one technology: it doesn't know the others.
var mayImport = map[layer][]layer{
	"domain":    {},
	"ports":     {"domain"},
	"app":       {"domain", "ports"},
	"endpoints": {"domain", "ports", "app"},
	"adapters":  {"domain", "ports", "app", "endpoints"},
	".":         {"domain", "ports", "app", "endpoints", "adapters"},
	"cmd":       {"."},
}

// core is the layers that know no technology.
var core = []layer{"domain", "ports", "app"}

// coreKit is what the core may import of the kit.
var coreKit = []string{"errs", "event", "money"}

// coreLibraries are libraries of values, not of technology.
var coreLibraries = []string{"golang.org/x/text", "github.com/google/uuid", "github.com/shopspring/decimal"}

// technology is the part of the standard library that the core does without:
// databases, networks, files, processes, and the global logger.
var technology = []string{
	"database", "net", "os", "syscall", "plugin", "flag", "log", "embed", "html", "text/template", "expvar", "unsafe", "C", "testing",
	"runtime/debug", "runtime/pprof",
}

// harmless are parts of those that only know values.
var harmless = []string{"net/mail", "net/netip", "net/url", "log/slog"}

// meaningless are names that say nothing about what is inside.
var meaningless = []string{"util", "utils", "common", "helper", "helpers", "manager", "base", "impl", "misc", "shared"}

const gokitTransport = "github.com/go-kit/kit/transport"

// violations returns what breaks the rule, one line each.
func (m module) violations() []string {
	var found []string
	named := map[string]bool{}
	for _, f := range m.files {
		for _, name := range append(strings.Split(f.dir(), "/"), strings.TrimSuffix(f.pkg, "_test")) {
			if slices.Contains(meaningless, name) && !named[f.dir()] {
				named[f.dir()] = true
				found = append(found, fmt.Sprintf("%s: a package named %q says nothing about what it is for", f.dir(), name))
			}
		}
		for _, imported := range f.imports {
			if why := m.forbidden(f, imported); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", f.name, imported, why))
			}
		}
	}
	return found
}

// forbidden says why f may not import that package, "" if it may.
func (m module) forbidden(f file, imported string) string {
	if within(imported, gokitTransport) && (m.name() != "kit" || !within(f.dir(), "web")) {
		return "only kit/web touches go-kit's transport"
	}
	if why := m.foreign(imported); why != "" {
		return why
	}
	if !m.service || f.test { // A test may use whatever proves its point.
		return ""
	}
	from := layerOf(f.dir())
	allowed, known := mayImport[from]
	if !known {
		return fmt.Sprintf("%s is no layer of a service", from)
	}
	if own, ok := strings.CutPrefix(imported, m.path); ok && within(imported, m.path) {
		return layered(f, from, allowed, path.Clean("./"+own))
	}
	if slices.Contains(core, from) {
		return m.technical(from, imported)
	}
	return ""
}

// name is the module's name in the system: "order".
func (m module) name() string { return strings.TrimPrefix(m.path, m.system+"/") }

// foreign says why a module may not import that part of another one. Only the
// command that runs all services imports them.
func (m module) foreign(imported string) string {
	rest, inSystem := strings.CutPrefix(imported, m.system+"/")
	other, _, _ := strings.Cut(rest, "/")
	switch {
	case !inSystem || other == m.name() || m.name() == m.system:
		return ""
	case m.name() == "kit":
		return "the kit knows no service"
	case other != "kit":
		return "only " + m.system + " imports a service; services speak over the network"
	}
	return ""
}

// layered says why a file of one layer may not import a folder of its service.
func layered(f file, from layer, allowed []layer, folder string) string {
	to := layerOf(folder)
	switch {
	case from == to && from == "adapters" && adapterOf(f.dir()) != adapterOf(folder) && !suite(f.dir()):
		return "an adapter knows no other adapter"
	case from == to || slices.Contains(allowed, to):
		return ""
	case len(allowed) == 0:
		return from + " imports no other layer"
	}
	return fmt.Sprintf("%s imports only %s", shown(from), shown(allowed...))
}

// technical says why the core may not import a package from outside.
func (m module) technical(from layer, imported string) string {
	if rest, ok := strings.CutPrefix(imported, m.system+"/kit/"); ok {
		if slices.Contains(coreKit, rest) {
			return ""
		}
		return fmt.Sprintf("of the kit %s imports only %s", from, strings.Join(coreKit, ", "))
	}
	first, _, _ := strings.Cut(imported, "/")
	in := func(tree string) bool { return within(imported, tree) }
	switch {
	case slices.ContainsFunc(coreLibraries, in), slices.ContainsFunc(harmless, in):
		return ""
	case strings.Contains(first, "."):
		return from + " knows no technology; put it into an adapter behind a port"
	case slices.ContainsFunc(technology, in):
		return from + " knows no technology, of the standard library neither; put it into an adapter behind a port"
	}
	return ""
}

func layerOf(dir string) layer {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// adapterOf returns "http" of "adapters/http/wire".
func adapterOf(dir string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(dir, "adapters/"), "/")
	return name
}

// suite reports whether a folder holds a port's contract suite ("orderstest"),
// which is test code though its files aren't called so.
func suite(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(name string) bool { return strings.HasSuffix(name, "test") })
}

// within reports whether a path is tree or below it.
func within(p, tree string) bool { return p == tree || strings.HasPrefix(p, tree+"/") }

func shown(layers ...layer) string {
	names := slices.Clone(layers)
	for i, l := range names {
		if l == "." {
			names[i] = "the root package"
		}
	}
	return strings.Join(names, ", ")
}
