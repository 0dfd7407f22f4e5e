package grafana_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"shop/observability/grafana"
)

type dataSources struct {
	APIVersion  int `yaml:"apiVersion"`
	Prune       bool
	Datasources []struct {
		Name, UID, Type, Access, URL string
		IsDefault                    bool `yaml:"isDefault"`
		Editable                     bool
		JSON                         struct {
			HTTPMethod   string `yaml:"httpMethod"`
			TimeInterval string `yaml:"timeInterval"`
			Kind         string `yaml:"prometheusType"`
			Exemplars    []struct {
				Name  string
				UID   string `yaml:"datasourceUid"`
				Label string `yaml:"urlDisplayLabel"`
			} `yaml:"exemplarTraceIdDestinations"`
			NodeGraph struct{ Enabled bool }     `yaml:"nodeGraph"`
			TimeAlong struct{ Enabled bool }     `yaml:"traceIdTimeParams"`
			SpanBar   struct{ Type, Tag string } `yaml:"spanBar"`
			ToMetrics struct {
				UID     string `yaml:"datasourceUid"`
				Start   string `yaml:"spanStartTimeShift"`
				End     string `yaml:"spanEndTimeShift"`
				Tags    []struct{ Key, Value string }
				Queries []struct{ Name, Query string }
			} `yaml:"tracesToMetrics"`
		} `yaml:"jsonData"`
	}
}

// read decodes a file; a field that into doesn't know is a fault.
func read(t *testing.T, file string, into any) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return string(text)
}

func TestDataSources(t *testing.T) {
	var file dataSources
	text := read(t, "provisioning/datasources/shop.yaml", &file)
	if file.APIVersion != 1 || len(file.Datasources) != 2 {
		t.Fatalf("%+v", file)
	}
	for i, want := range []grafana.Source{grafana.Prometheus, grafana.Jaeger} {
		if got := file.Datasources[i]; got.UID != want.UID || got.Type != want.Type || got.Access != "proxy" || got.Editable {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	metrics, traces := file.Datasources[0], file.Datasources[1]
	if e := metrics.JSON.Exemplars; !metrics.IsDefault || metrics.JSON.HTTPMethod != "POST" || metrics.JSON.TimeInterval != "10s" ||
		len(e) != 1 || e[0].Name != "trace_id" || e[0].UID != grafana.Jaeger.UID {
		t.Errorf("Prometheus: %+v", metrics)
	}
	to := traces.JSON.ToMetrics
	if !traces.JSON.NodeGraph.Enabled || to.UID != grafana.Prometheus.UID || !strings.HasPrefix(to.Start, "-") || len(to.Queries) < 3 {
		t.Errorf("Jaeger: %+v", traces)
	}
	if len(to.Tags) != 1 || to.Tags[0].Key != "service.name" || to.Tags[0].Value != "service" {
		t.Errorf("a span's service is found in metrics by %v", to.Tags)
	}
	for _, q := range to.Queries {
		if strings.Count(q.Query, "$$__tags") != 1 {
			t.Errorf("%s asks for all services: %s", q.Name, q.Query)
		}
	}
	// Grafana takes a single dollar sign for a variable of its environment.
	if single := regexp.MustCompile(`(?m)^[^#\n]*[^$]\$[^$].*$`).FindAllString(text, -1); single != nil {
		t.Errorf("a single $ in %q", single)
	}
}

func TestDashboardsAreProvided(t *testing.T) {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name            string
			Org             int `yaml:"orgId"`
			Folder          string
			FolderUID       string `yaml:"folderUid"`
			Type            string
			DisableDeletion bool `yaml:"disableDeletion"`
			UIUpdates       bool `yaml:"allowUiUpdates"`
			Interval        int  `yaml:"updateIntervalSeconds"`
			Options         struct {
				Path    string
				Folders bool `yaml:"foldersFromFilesStructure"`
			}
		}
	}
	read(t, "provisioning/dashboards/shop.yaml", &file)
	if file.APIVersion != 1 || len(file.Providers) != 1 {
		t.Fatalf("%+v", file)
	}
	p := file.Providers[0]
	if p.Type != "file" || p.Options.Path != "/etc/grafana/dashboards" || !p.DisableDeletion || p.UIUpdates || p.FolderUID == "" {
		t.Errorf("%+v", p)
	}
}

func TestARowHasItsPanelsAndNothingElse(t *testing.T) {
	d := grafana.Dashboard{Panels: []grafana.Panel{
		{ID: 1, Type: grafana.Row, Title: "a < b & c?", Collapsed: true, Panels: []grafana.Panel{{ID: 2, Type: grafana.Stat}}},
		{ID: 3, Type: grafana.Row},
	}}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	for _, want := range []string{`"collapsed":true`, `"panels":[]`, `"title":"a<b&c?"`, `"id":null`} {
		if !strings.Contains(strings.Join(lines, ""), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if slices.Contains(lines, `"targets":`) {
		t.Errorf("a row has no queries: %s", text)
	}
}
