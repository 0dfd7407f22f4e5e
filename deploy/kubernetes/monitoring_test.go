package kubernetes_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"shop/kit/testkit"
)

const observability = root + "/observability"

// TestProductionHasTheRules: the operator wants them as objects of its own, so they
// are made of the files that promtool tests.
func TestProductionHasTheRules(t *testing.T) {
	files, err := filepath.Glob(observability + "/prometheus/rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no rules", err)
	}
	var want bytes.Buffer
	want.WriteString("# Generated from observability/prometheus/rules; do not edit.\n# After a change: go test ./deploy/kubernetes -run TestProductionHasTheRules -update\n")
	for _, file := range files {
		var spec map[string]any
		text, err := os.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(text, &spec)
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := yaml.Marshal(map[string]any{
			"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
			"metadata": map[string]any{"name": strings.TrimSuffix(filepath.Base(file), ".yml")}, "spec": spec,
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "---\n%s", out)
	}
	testkit.Golden(t, "overlays/production/rules.yaml", want.Bytes())
}

// prometheusFile is what these tests read of a configuration of Prometheus.
type prometheusFile struct {
	Jobs []struct {
		Name    string              `json:"job_name"`
		Path    string              `json:"metrics_path"`
		Params  map[string][]string `json:"params"`
		Relabel []struct {
			Sources []string `json:"source_labels"`
			Regex   string   `json:"regex"`
			Action  string   `json:"action"`
		} `json:"relabel_configs"`
	} `json:"scrape_configs"`
}

// jobs returns the ports that Prometheus in Kubernetes asks for, by job.
func jobs(t *testing.T) (ports map[string]string, file prometheusFile) {
	t.Helper()
	text, err := os.ReadFile(observability + "/prometheus/prometheus.kubernetes.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	ports = map[string]string{}
	for _, job := range file.Jobs {
		for _, r := range job.Relabel {
			if r.Action == "keep" && slices.Equal(r.Sources, []string{"__meta_kubernetes_pod_container_port_name"}) {
				ports[job.Name] = r.Regex
			}
		}
	}
	return ports, file
}

// TestEveryJobFindsItsPods: the ports by whose names Prometheus finds its targets are
// those of the pods.
func TestEveryJobFindsItsPods(t *testing.T) {
	ports, _ := jobs(t)
	want := map[string][]string{
		"shop": slices.Clone(services), "envoy": append([]string{"edge"}, services...), "mesh-agent": append([]string{"edge"}, services...),
		"mesh-ca": {"mesh-ca"}, "rabbitmq": {"rabbitmq"}, "rabbitmq-queues": {"rabbitmq"}, "redis": {"redis"},
		"postgres": {"postgres-user", "postgres-product", "postgres-order", "postgres-notification"}, "jaeger": {"jaeger"}, "jaeger-spans": {"jaeger"},
	}
	if len(want) != len(ports) {
		t.Errorf("jobs are %v", slices.Sorted(maps.Keys(ports)))
	}
	for job, port := range ports {
		var found []string
		for _, w := range workloads(t, "local") {
			for _, c := range w.containers() {
				if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port }) {
					found = append(found, w.template.Labels["app.kubernetes.io/name"])
				}
			}
		}
		slices.Sort(found)
		slices.Sort(want[job])
		if !slices.Equal(found, want[job]) {
			t.Errorf("job %s finds %v, want %v", job, found, want[job])
		}
	}
}

// TestMonitorsAreTheJobs: what the operator's Prometheus looks at has the jobs, the
// paths and the parameters of the shop's own. The authority of development is not in
// production, and Prometheus looks at itself.
func TestMonitorsAreTheJobs(t *testing.T) {
	_, file := jobs(t)
	type target struct{ path, params string }
	want, got := map[string]target{}, map[string]target{}
	for _, job := range file.Jobs {
		if job.Name != "mesh-ca" && job.Name != "prometheus" {
			want[job.Name] = target{job.Path, fmt.Sprint(job.Params)}
		}
	}
	for _, o := range render(t, "production") {
		var monitor struct {
			Spec struct{ Endpoints, PodMetricsEndpoints []endpoint }
		}
		if !strings.HasSuffix(o.GetKind(), "Monitor") {
			continue
		}
		if err := yaml.Unmarshal(o.text, &monitor); err != nil {
			t.Fatal(err)
		}
		for _, e := range append(monitor.Spec.Endpoints, monitor.Spec.PodMetricsEndpoints...) {
			job := ""
			for _, r := range e.Relabelings {
				if r.TargetLabel == "job" {
					job = r.Replacement
				}
			}
			got[job] = target{e.Path, fmt.Sprint(e.Params)}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("monitors are\n%v\nwant\n%v", got, want)
	}
}

// endpoint is one of a ServiceMonitor or PodMonitor.
type endpoint struct {
	Path        string              `json:"path"`
	Params      map[string][]string `json:"params"`
	Relabelings []struct {
		TargetLabel string `json:"targetLabel"`
		Replacement string `json:"replacement"`
	} `json:"relabelings"`
}

// TestDashboardsAreAllThere: each as a ConfigMap that Grafana's sidecar finds.
func TestDashboardsAreAllThere(t *testing.T) {
	files, err := filepath.Glob(observability + "/grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no dashboards", err)
	}
	eachOverlay(t, func(t *testing.T, overlay string) {
		found := map[string]bool{}
		for _, c := range all[corev1.ConfigMap](t, overlay, "ConfigMap") {
			if c.Labels["grafana_dashboard"] == "1" {
				for name := range c.Data {
					found[name] = true
				}
			}
		}
		for _, file := range files {
			if !found[filepath.Base(file)] {
				t.Errorf("%s is not there", filepath.Base(file))
			}
		}
	})
}
