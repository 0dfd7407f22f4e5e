package compose_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestServicesKnowWhatTheyAreTold(t *testing.T) {
	p := load(t, nil)
	for _, name := range services {
		known := settings(t, name+"/.env.example")
		for variable := range p.Services[name].Environment {
			setting := strings.TrimSuffix(variable, "_FILE")
			general := strings.HasPrefix(variable, "MESH_") || strings.HasPrefix(variable, "OTEL_") || variable == "GOMEMLIMIT"
			if _, has := known[setting]; !has && !general {
				t.Errorf("%s has no setting %s", name, variable)
			}
		}
	}
}

// settings returns the variables of an example with their values, also of those
// that are commented out.
func settings(t *testing.T, example string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$`).FindAllStringSubmatch(read(t, example), -1) {
		found[line[1]] = strings.Trim(line[2], `"'`)
	}
	return found
}

// What can be set for Compose stands in .env.example with its default, and nothing
// else does.
func TestTheExampleHasWhatCanBeSet(t *testing.T) {
	variable := regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*):-([^}]*)\}`)
	used := map[string]string{}
	for _, file := range []string{"docker-compose.yml", "compose.dev.yml", "compose.load.yml"} {
		text := read(t, file)
		for _, found := range variable.FindAllStringSubmatch(text, -1) {
			if before, again := used[found[1]]; again && before != found[2] {
				t.Errorf("%s has the defaults %q and %q", found[1], before, found[2])
			}
			used[found[1]] = found[2]
		}
		for _, bare := range regexp.MustCompile(`[^$]\$\{?[A-Za-z_]+[^A-Za-z_:]`).FindAllString(text, -1) {
			t.Errorf("%s: %s has no default", file, bare)
		}
	}
	example := settings(t, ".env.example")
	if !maps.Equal(used, example) {
		for _, name := range slices.Sorted(maps.Keys(used)) {
			if value, has := example[name]; !has || value != used[name] {
				t.Errorf(".env.example: want %s=%s, got %q", name, used[name], value)
			}
		}
		for name := range example {
			if _, has := used[name]; !has {
				t.Errorf(".env.example: %s sets nothing", name)
			}
		}
	}
}

func TestFilesThatAreMountedAreThere(t *testing.T) {
	p := load(t, nil)
	for _, name := range names(p) {
		for _, v := range p.Services[name].Volumes {
			if v.Type != "bind" {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
