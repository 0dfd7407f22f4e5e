package compose_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// root is where docker-compose.yml lies.
const root = "../.."

// services are the shop's own, in the order of their ports.
var services = []string{"user", "product", "order", "notification"}

// loaded are projects that were read already; nobody changes them.
var loaded = map[string]*types.Project{}

// load reads docker-compose.yml, and overrides over it, as Compose does in an
// environment of these variables alone.
func load(t *testing.T, environ []string, overrides ...string) *types.Project {
	t.Helper()
	key := join(environ) + " " + join(overrides)
	if loaded[key] != nil {
		return loaded[key]
	}
	files := []string{filepath.Join(root, "docker-compose.yml")}
	for _, name := range overrides {
		files = append(files, filepath.Join(root, name))
	}
	options, err := cli.NewProjectOptions(files, cli.WithWorkingDirectory(root), cli.WithEnv(environ), cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	loaded[key] = project
	return project
}

// names returns the services' names, sorted.
func names(p *types.Project) []string { return slices.Sorted(maps.Keys(p.Services)) }

// oneShot tells a service that does its work and ends.
func oneShot(s types.ServiceConfig) bool { return s.Restart == types.RestartPolicyNo }

// own tells a service whose image this repository builds.
func own(s types.ServiceConfig) bool { return s.Build != nil }

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// volumes returns the names of a service's volumes with their paths, and whether
// it may write to them.
func volumes(s types.ServiceConfig) (paths map[string]string, writable map[string]bool) {
	paths, writable = map[string]string{}, map[string]bool{}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume {
			paths[v.Source] = v.Target
			writable[v.Source] = !v.ReadOnly
		}
	}
	return paths, writable
}

func join(list []string) string { return strings.Join(list, " ") }
