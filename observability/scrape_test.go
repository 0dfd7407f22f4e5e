package observability_test

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"shop/observability"
)

func TestScrapeConfigOfALocalShop(t *testing.T) {
	got, err := observability.ScrapeConfig([]observability.Target{
		{Job: "shop", Service: "user", URL: "http://127.0.0.1:9001/metrics"},
		{Job: "envoy", Service: "edge", URL: "http://127.0.0.1:15090/stats/prometheus?usedonly"},
		{Job: "shop", Service: "order", URL: "http://127.0.0.1:9003/metrics"},
		{Job: "rabbitmq-queues", Service: "rabbitmq", URL: "http://127.0.0.1:15692/metrics/detailed?family=queue_coarse_metrics&family=queue_metrics"},
	}, "/rules/*.yml", 4)
	if err != nil {
		t.Fatal(err)
	}
	const want = `global:
  scrape_interval: 2500ms
  scrape_timeout: 2500ms
  evaluation_interval: 2500ms
rule_files:
  - /rules/*.yml
scrape_configs:
  - job_name: shop
    scheme: http
    metrics_path: /metrics
    static_configs:
      - targets:
          - 127.0.0.1:9001
        labels:
          service: user
      - targets:
          - 127.0.0.1:9003
        labels:
          service: order
  - job_name: envoy
    scheme: http
    metrics_path: /stats/prometheus
    params:
      usedonly:
        - ""
    static_configs:
      - targets:
          - 127.0.0.1:15090
        labels:
          service: edge
  - job_name: rabbitmq-queues
    scheme: http
    metrics_path: /metrics/detailed
    params:
      family:
        - queue_coarse_metrics
        - queue_metrics
    static_configs:
      - targets:
          - 127.0.0.1:15692
        labels:
          service: rabbitmq
`
	if string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, got, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "config", file)
}

func TestPrometheusIsAskedOnceASecondAtMost(t *testing.T) {
	got, err := observability.ScrapeConfig(nil, "*.yml", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(got), "scrape_interval: 1s\n") || !strings.Contains(string(got), "evaluation_interval: 1s\n") {
		t.Errorf("got:\n%s\nwant 1s", got)
	}
}

func TestTargetsAtFaultAreRefused(t *testing.T) {
	shop := observability.Target{Job: "shop", Service: "user", URL: "http://127.0.0.1:9001/metrics"}
	for name, c := range map[string]struct {
		targets []observability.Target
		factor  float64
	}{
		"no address":             {[]observability.Target{{Job: "shop", URL: "/metrics"}}, 1},
		"no page":                {[]observability.Target{{Job: "shop", URL: "http://127.0.0.1:9001"}}, 1},
		"no URL":                 {[]observability.Target{{Job: "shop", URL: ":"}}, 1},
		"two pages in one job":   {[]observability.Target{shop, {Job: "shop", URL: "http://127.0.0.1:9002/other"}}, 1},
		"two queries in one job": {[]observability.Target{shop, {Job: "shop", URL: "http://127.0.0.1:9002/metrics?a"}}, 1},
		"a factor below 1":       {[]observability.Target{shop}, 0.1},
	} {
		if got, err := observability.ScrapeConfig(c.targets, "*.yml", c.factor); err == nil {
			t.Errorf("%s: got\n%s\nwant an error", name, got)
		}
	}
}

func TestTheConfigurationForComposeIsValid(t *testing.T) {
	checkConfig(t, filepath.Join("prometheus", "prometheus.yml"))
}

// discovery is what the configuration uses of Prometheus' discovery in Kubernetes,
// which Debian's promtool was built without.
type discovery struct {
	Role       string
	Namespaces struct {
		Own bool `yaml:"own_namespace"`
	}
	Selectors []struct{ Role, Label string }
}

func TestTheConfigurationForKubernetesIsValid(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("prometheus", "prometheus.kubernetes.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	var found struct {
		Jobs []struct {
			Name  string      `yaml:"job_name"`
			Found []discovery `yaml:"kubernetes_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := errors.Join(yaml.Unmarshal(text, &file), yaml.Unmarshal(text, &found)); err != nil {
		t.Fatal(err)
	}
	for i, job := range found.Jobs {
		if job.Name == "prometheus" {
			continue // Itself.
		}
		if len(job.Found) != 1 || job.Found[0].Role != "pod" || !job.Found[0].Namespaces.Own || len(job.Found[0].Selectors) != 1 {
			t.Errorf("job %s finds %+v, want the pods of its namespace that are of the shop", job.Name, job.Found)
		}
		raw := file["scrape_configs"].([]any)[i].(map[string]any)["kubernetes_sd_configs"]
		again, err := yaml.Marshal(raw)
		if err != nil {
			t.Fatal(err)
		}
		strict := yaml.NewDecoder(bytes.NewReader(again))
		strict.KnownFields(true)
		if err := strict.Decode(&[]discovery{}); err != nil {
			t.Errorf("job %s: %v", job.Name, err)
		}
		delete(file["scrape_configs"].([]any)[i].(map[string]any), "kubernetes_sd_configs")
	}
	rest, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := observability.WriteRules(filepath.Join(dir, "rules"), 1); err != nil {
		t.Fatal(err)
	}
	without := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(without, rest, 0o600); err != nil {
		t.Fatal(err)
	}
	checkConfig(t, without)
}

// checkConfig fails unless promtool finds the file valid, and its rules.
func checkConfig(t *testing.T, file string) {
	t.Helper()
	if out := promtool(t, "check", "config", file); !strings.Contains(out, "rule files found") {
		t.Errorf("%s finds no rules: %s", file, out)
	}
}

// The rules name jobs and services; whoever scrapes has to use the same.
func TestComposeAndKubernetesHaveTheSameJobs(t *testing.T) {
	compose, kubernetes := jobs(t, "prometheus.yml"), jobs(t, "prometheus.kubernetes.yml")
	if !maps.Equal(compose, kubernetes) {
		t.Errorf("jobs with their pages in Compose:\n%v\nin Kubernetes:\n%v", compose, kubernetes)
	}
}

// jobs returns the jobs of a configuration with the page that each reads.
func jobs(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("prometheus", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Jobs []struct {
			Name   string     `yaml:"job_name"`
			Path   string     `yaml:"metrics_path"`
			Params url.Values `yaml:"params"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, job := range file.Jobs {
		pages[job.Name] = cmp.Or(job.Path, "/metrics") + "?" + job.Params.Encode()
	}
	return pages
}
