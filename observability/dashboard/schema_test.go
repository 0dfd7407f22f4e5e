package dashboard_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/observability/dashboard"
)

// committed is where the dashboards are that Grafana reads.
const committed = "../grafana/dashboards"

// choices are the values that Grafana's schema allows in one place, see
// packages/grafana-schema in Grafana's source.
var choices = map[string][]any{
	"legend.displayMode":       {"list", "table", "hidden"},
	"legend.placement":         {"bottom", "right"},
	"tooltip.mode":             {"single", "multi", "none"},
	"tooltip.sort":             {"none", "asc", "desc"},
	"custom.drawStyle":         {"line", "bars", "points"},
	"custom.lineInterpolation": {"linear", "smooth", "stepBefore", "stepAfter"},
	"custom.showPoints":        {"auto", "never", "always"},
	"stacking.mode":            {"none", "normal", "percent"},
	"thresholdsStyle.mode":     {"off", "line", "dashed", "area", "line+area", "dashed+area", "series"},
	"scaleDistribution.type":   {"linear", "log", "symlog", "ordinal"},
	"custom.axisPlacement":     {"auto", "top", "right", "bottom", "left", "hidden"},
	"options.colorMode":        {"value", "background", "background_solid", "none"},
	"options.graphMode":        {"none", "line", "area"},
	"options.justifyMode":      {"auto", "center"},
	"options.textMode":         {"auto", "value", "value_and_name", "name", "none"},
	"options.orientation":      {"auto", "vertical", "horizontal"},
	"options.cellHeight":       {"sm", "md", "lg", "auto"},
	"options.showValue":        {"auto", "never", "always"},
	"options.alignValue":       {"left", "center", "right"},
	"rowsFrame.layout":         {"le", "ge", "unknown", "auto"},
	"thresholds.mode":          {"absolute", "percentage"},
	"color.mode": {
		"thresholds", "palette-classic", "palette-classic-by-name", "fixed", "shades",
		"scheme", "opacity", // Of a heatmap.
	},
	"targets.format":     {"time_series", "table", "heatmap"},
	"targets.editorMode": {"code", "builder"},
	"matcher.id":         {"byName", "byRegexp", "byFrameRefID", "byType"},
	"transformations.id": {"merge", "organize"},
	"mappings.type":      {"value", "range", "regex", "special"},
	"panels.type":        {"row", "stat", "timeseries", "table", "heatmap", "state-timeline"},
	"links.type":         {"link", "dashboards"},
	"list.type":          {"custom", "constant"},
	"properties.id":      {"color", "thresholds", "links", "unit", "decimals", "mappings", "custom.width", "custom.cellOptions"},
	"cellOptions.type":   {"auto", "color-text", "color-background"},
}

// needed are the fields that an object in that place has to have.
var needed = map[string][]string{
	"panels":     {"id", "type", "title", "gridPos"},
	"gridPos":    {"h", "w", "x", "y"},
	"datasource": {"type", "uid"},
	"targets":    {"refId", "datasource", "expr", "legendFormat"},
	"thresholds": {"mode", "steps"},
	"steps":      {"color", "value"},
	"defaults":   {"unit", "color", "thresholds", "mappings", "links"},
	"overrides":  {"matcher", "properties"},
	"list":       {"name"},
	"time":       {"from", "to"},
}

// options are the settings that a panel of a type has to have.
var options = map[string][]string{
	"stat":           {"reduceOptions", "orientation", "textMode", "colorMode", "graphMode", "justifyMode", "wideLayout"},
	"timeseries":     {"legend", "tooltip"},
	"table":          {"showHeader", "cellHeight", "footer", "sortBy"},
	"heatmap":        {"calculate", "cellGap", "color", "exemplars", "filterValues", "legend", "rowsFrame", "showValue", "tooltip", "yAxis"},
	"state-timeline": {"mergeValues", "showValue", "alignValue", "rowHeight", "legend", "tooltip"},
}

// TestFilesAreGrafanasClassicSchema reads the committed files as Grafana does,
// without the types that wrote them.
func TestFilesAreGrafanasClassicSchema(t *testing.T) {
	for _, b := range dashboard.All() {
		t.Run(b.UID, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(committed, b.UID+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var d map[string]any
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			if id, there := d["id"]; !there || id != nil {
				t.Errorf("id is %v: Grafana gives it, so it must be null", id)
			}
			if d["uid"] != b.UID || d["schemaVersion"] != 41.0 || d["title"] == "" || d["graphTooltip"] != 1.0 {
				t.Errorf("uid %v, schemaVersion %v, title %v, graphTooltip %v", d["uid"], d["schemaVersion"], d["title"], d["graphTooltip"])
			}
			if len(b.UID) > 40 || strings.ToLower(b.UID) != b.UID {
				t.Errorf("uid %q: at most 40 characters, lower case", b.UID)
			}
			c := checker{T: t}
			c.walk("", "", d)
			if slices.Sort(c.ids); len(slices.Compact(c.ids)) != c.numbered {
				t.Errorf("the ids of %d panels are not unique", c.numbered)
			}
		})
	}
}

type checker struct {
	*testing.T
	ids      []int
	numbered int
}

// walk checks value, which is called name in an object called parent.
func (c *checker) walk(parent, name string, value any) {
	place := parent + "." + name
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			c.walk(parent, name, element)
		}
	case map[string]any:
		for _, field := range needed[name] {
			if _, there := v[field]; !there {
				c.Errorf("%s has no %s: %v", place, field, v)
			}
		}
		switch name {
		case "panels":
			c.panel(v)
		case "thresholds":
			c.steps(v)
		case "datasource":
			if id := fmt.Sprint(v["type"], " ", v["uid"]); id != "prometheus prometheus" && id != "jaeger jaeger" {
				c.Errorf("data source %s is not provisioned", id)
			}
		}
		for field, inner := range v {
			c.walk(name, field, inner)
		}
	default:
		if allowed, known := choices[place]; known && !slices.Contains(allowed, value) {
			c.Errorf("%s is %v, want one of %v", place, value, allowed)
		}
	}
}

func (c *checker) panel(p map[string]any) {
	id, _ := p["id"].(float64)
	c.ids, c.numbered = append(c.ids, int(id)), c.numbered+1
	if p["type"] == "row" {
		if _, there := p["panels"].([]any); !there {
			c.Errorf("row %v has no list of panels", p["title"])
		}
		return
	}
	if targets, _ := p["targets"].([]any); len(targets) == 0 {
		c.Errorf("panel %v has no query", p["title"])
	}
	if p["description"] == nil || p["fieldConfig"] == nil || p["datasource"] == nil {
		c.Errorf("panel %v has no description, fieldConfig or datasource", p["title"])
	}
	settings, _ := p["options"].(map[string]any)
	for _, field := range options[p["type"].(string)] {
		if _, there := settings[field]; !there {
			c.Errorf("panel %v, a %v, has no option %s", p["title"], p["type"], field)
		}
	}
	refs := map[any]bool{}
	targets, _ := p["targets"].([]any)
	for _, target := range targets {
		ref := target.(map[string]any)["refId"]
		if refs[ref] {
			c.Errorf("panel %v has two queries %v", p["title"], ref)
		}
		refs[ref] = true
	}
}

// steps of thresholds begin at minus infinity, written null, and grow.
func (c *checker) steps(v map[string]any) {
	steps, _ := v["steps"].([]any)
	last := math.Inf(-1)
	for i, step := range steps {
		value, number := step.(map[string]any)["value"].(float64)
		if number == (i == 0) || number && value <= last {
			c.Errorf("thresholds %v: the first is null, the others grow", steps)
		}
		if number {
			last = value
		}
	}
	if len(steps) == 0 {
		c.Error("thresholds without a step")
	}
}

// TestFilesAreRendered: what is committed is what the boards say.
func TestFilesAreRendered(t *testing.T) {
	var want []string
	for _, b := range dashboard.All() {
		file := filepath.Join(committed, b.UID+".json")
		want = append(want, file)
		text, err := b.Dashboard().JSON()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != string(text) {
			t.Errorf("%s is stale (%v): go run ./observability/cmd/observability render", file, err)
		}
	}
	got, err := filepath.Glob(filepath.Join(committed, "*"))
	if slices.Sort(want); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: %v", got, want, err)
	}
}
