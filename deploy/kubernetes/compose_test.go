package kubernetes_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

const root = "../.."

// compose returns docker-compose.yml with its defaults.
func compose(t *testing.T) types.Services {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithWorkingDirectory(root), cli.WithEnv(nil))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project.Services
}

// counterpart names the Compose service that a container is in.
func counterpart(w workload, c corev1.Container) string {
	switch {
	case c.Name == "exporter" && strings.HasPrefix(w.name, "postgres-exporter-"):
		return w.name
	case c.Name == "exporter" && w.name == "redis":
		return "redis-exporter"
	case c.Name == "exporter":
		return strings.Replace(w.name, "postgres-", "postgres-exporter-", 1)
	case w.kind == "Job":
		return strings.TrimPrefix(w.name, "migrate-")
	}
	return w.name
}

// TestImagesAreThoseOfCompose: the same programs of the same versions. In Compose a
// service and its Envoy are one image, pod-<service>; here they are two of the same
// source, <service> and edge.
func TestImagesAreThoseOfCompose(t *testing.T) {
	other := compose(t)
	for _, w := range workloads(t, "local") {
		for _, c := range w.containers() {
			want := strings.Replace(other[counterpart(w, c)].Image, "shop/pod-", "shop/", 1)
			if c.Name == "envoy" {
				want = other["edge"].Image
			}
			if c.Image != want {
				t.Errorf("%s %s is %s, in Compose %s", w, c.Name, c.Image, want)
			}
		}
	}
	// Production has the shop from a registry, in one version; all else as here.
	versions := map[string]bool{}
	for _, w := range workloads(t, "production") {
		for _, c := range w.containers() {
			if name, version, _ := strings.Cut(c.Image, ":"); strings.Contains(name, "/shop/") {
				versions[version] = true
			} else if want := other[counterpart(w, c)].Image; c.Image != want {
				t.Errorf("%s %s is %s, in Compose %s", w, c.Name, c.Image, want)
			}
		}
	}
	if len(versions) != 1 || versions["dev"] {
		t.Errorf("production has these versions of the shop: %v", slices.Sorted(maps.Keys(versions)))
	}
}

// environment returns what is set, without what is empty there.
func environment(c corev1.Container) map[string]string {
	set := map[string]string{}
	for _, e := range c.Env {
		if e.Value != "" {
			set[e.Name] = e.Value
		}
	}
	return set
}

// TestSettingsAreThoseOfCompose: what is other is named here, with its reason.
func TestSettingsAreThoseOfCompose(t *testing.T) {
	other := compose(t)
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			pod := find(t, "local", service)
			got := environment(pod.container(t, "service"))
			maps.Copy(got, environment(pod.container(t, "envoy")))
			want := map[string]string{}
			for name, value := range other[service].Environment {
				if value != nil && *value != "" {
					want[name] = *value
				}
			}
			delete(want, "MESH_OVERLAY") // Compose's heaps are small; here those of mesh.yaml fit.
			delete(got, "MESH_POLICY")   // The policy built in, and the same as a ConfigMap that can change while all runs.
			delete(want, "GOMEMLIMIT")   // It goes with the limit of the container,
			delete(got, "GOMEMLIMIT")    // which is another.
			if !maps.Equal(got, want) {
				for _, name := range slices.Sorted(maps.Keys(union(got, want))) {
					if got[name] != want[name] {
						t.Errorf("%s is %q, in Compose %q", name, got[name], want[name])
					}
				}
			}
		})
	}
}

func union(a, b map[string]string) map[string]string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// TestSettingsOfEnginesAreThoseOfCompose: their commands, where the names of
// volumes and hosts are the same.
func TestSettingsOfEnginesAreThoseOfCompose(t *testing.T) {
	other := compose(t)
	own := map[string][]string{
		"redis":      {"--maxmemory", "24mb", "128mb"},                                           // More room.
		"jaeger":     {"/etc/jaeger/badger.yaml", "/etc/jaeger/memory.yaml"},                     // Traces in memory.
		"prometheus": {"--storage.tsdb.retention.size=4GB", "--storage.tsdb.retention.size=3GB"}, // Its volume is smaller.
	}
	for _, name := range []string{"redis", "jaeger", "prometheus", "postgres-user", "postgres-order"} {
		container := find(t, "local", name).template.Spec.Containers[0]
		without := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(arg string) bool { return slices.Contains(own[name], arg) })
		}
		if got, want := without(container.Args), without(other[name].Command); !slices.Equal(got, want) {
			t.Errorf("%s is started with %q, in Compose %q", name, got, want)
		}
	}
}
