package dashboard

import (
	"slices"
	"strings"

	"shop/observability/grafana"
)

// tag is on every dashboard of the shop; by it they find each other.
const tag = "shop"

// Dashboard returns b as Grafana reads it: panels numbered in reading order and
// laid out from left to right.
func (b Board) Dashboard() grafana.Dashboard {
	d := grafana.Dashboard{
		UID: b.UID, Title: b.Title, Description: b.About, Tags: []string{tag},
		SchemaVersion: grafana.SchemaVersion, GraphTooltip: 1, Timezone: "browser", Refresh: "30s",
		Time: grafana.TimeRange{From: "now-1h", To: "now"},
		Links: []grafana.Link{
			{
				Title: "Shop", Type: "dashboards", Tags: []string{tag}, Icon: "external link",
				Tooltip: "The other dashboards, at the same time", KeepTime: true,
			},
			{
				Title: "Traces", Type: "link", Tags: []string{}, URL: "${" + jaegerVariable + ":raw}/search", Icon: "external link",
				Tooltip: "Jaeger: search by service, operation, tags, duration", TargetBlank: true,
			},
			{
				Title: "Runbooks", Type: "link", Tags: []string{}, URL: "${" + runbooksVariable + ":raw}/README.md", Icon: "doc",
				Tooltip: "What to do, by alert", TargetBlank: true,
			},
		},
		Annotations: grafana.Annotations{List: marks()},
		Templating:  grafana.Templating{List: append(append([]grafana.Variable{}, b.Variables...), places()...)},
	}
	var number, y int
	next := func() int { number++; return number }
	for _, q := range b.Questions {
		row := grafana.Panel{ID: next(), Type: grafana.Row, Title: q.Ask, GridPos: grafana.GridPos{H: 1, W: grafana.Width, Y: y}, Collapsed: q.Closed}
		panels, height := lay(q.Panels, y+1, next)
		y++
		if q.Closed {
			row.Panels = panels
			d.Panels = append(d.Panels, row)
			continue
		}
		d.Panels = append(append(d.Panels, row), panels...)
		y += height
	}
	return d
}

// marks are shown in all graphs: what fired when, and what was started when.
func marks() []grafana.Annotation {
	return []grafana.Annotation{
		{
			Name: "Alerts", Datasource: grafana.Prometheus, Enable: true, IconColor: bad,
			Expr: `ALERTS{alertstate="firing"}`, Step: "30s", TitleFormat: "{{alertname}}", TextFormat: "{{severity}} {{family}} {{service}}",
		},
		{
			Name: "Restarts and releases", Datasource: grafana.Prometheus, Enable: true, IconColor: calm,
			Expr: `changes(process_start_time_seconds{job="shop"}[1m]) > 0`, Step: "30s", TitleFormat: "{{service}} was started", TextFormat: "{{instance}}",
		},
	}
}

// lay places panels in lines from left to right, from row y down, and returns the
// height of all lines.
func lay(panels []Panel, y int, next func() int) ([]grafana.Panel, int) {
	var placed []grafana.Panel
	var x, line, height int
	for _, p := range panels {
		if x+p.W > grafana.Width {
			height += line
			x, line = 0, 0
		}
		placed = append(placed, p.panel(next(), grafana.GridPos{H: p.H, W: p.W, X: x, Y: y + height}))
		x += p.W
		line = max(line, p.H)
	}
	return placed, height + line
}

// Description is what a reader of the panel is told.
func (p Panel) Description() string {
	return p.Shows + "\n\n**Bad:** " + p.Bad + "\n\n**Then:** " + p.Then
}

func (p Panel) panel(id int, at grafana.GridPos) grafana.Panel {
	out := grafana.Panel{
		ID: id, Type: p.Kind, Title: p.Title, Description: p.Description(), GridPos: at,
		Datasource: &grafana.Source{Type: grafana.Prometheus.Type, UID: grafana.Prometheus.UID},
		FieldConfig: &grafana.FieldConfig{
			Defaults: grafana.Field{
				Unit: p.Unit, Max: p.Max, NoValue: p.silence(), Color: p.colour(), Thresholds: thresholds(p.Steps),
				Mappings: mappings(p.Words), Links: orEmpty(p.Links), Custom: p.custom(),
			},
			Overrides: p.overrides(),
		},
		Options:         p.options(),
		Transformations: p.transformations(),
	}
	if p.Kind == grafana.TimeSeries && !p.Log { // A logarithmic axis has no 0.
		out.FieldConfig.Defaults.Min = limit(0)
	}
	if p.Places > 0 {
		out.FieldConfig.Defaults.Decimals = &p.Places
	}
	for _, alert := range p.Runbooks {
		out.Links = append(out.Links, runbook(alert))
	}
	for i, q := range p.Queries {
		out.Targets = append(out.Targets, q.target(ref(i), p.Kind))
	}
	return out
}

func (q Query) target(ref, kind string) grafana.Target {
	t := grafana.Target{
		RefID: ref, Datasource: grafana.Prometheus, EditorMode: "code", Expr: q.Expr, LegendFormat: q.Legend,
		Format: "time_series", Range: true, Exemplar: q.Exemplars,
	}
	switch kind {
	case grafana.Table:
		t.Format, t.Range, t.Instant = "table", false, true
	case grafana.Heatmap:
		t.Format = "heatmap"
	}
	return t
}

// ref names the queries of a panel A, B, C, …
func ref(i int) string { return string(rune('A' + i)) }

// silence is what a panel says that has no answer while all is well.
func (p Panel) silence() string {
	for _, q := range p.Queries {
		if q.Quiet == "" {
			return ""
		}
	}
	return "none"
}

func (p Panel) colour() grafana.Color {
	switch {
	case p.Kind == grafana.TimeSeries:
		return grafana.Color{Mode: "palette-classic-by-name"} // A service has its colour everywhere.
	case len(p.Steps) > 0 || len(p.Words) > 0 || p.Kind == grafana.Table || slices.ContainsFunc(p.Queries, func(q Query) bool { return q.Steps != nil }):
		return grafana.Color{Mode: "thresholds"}
	default:
		return grafana.Color{Mode: "fixed", FixedColor: calm}
	}
}

func thresholds(steps []grafana.Step) grafana.Thresholds {
	if len(steps) == 0 {
		steps = upFrom(faint)
	}
	return grafana.Thresholds{Mode: "absolute", Steps: steps}
}

func mappings(words []Word) []grafana.Mapping {
	if len(words) == 0 {
		return []grafana.Mapping{}
	}
	m := grafana.Mapping{Type: "value", Options: map[string]grafana.MapResult{}}
	for i, w := range words {
		m.Options[w.Value] = grafana.MapResult{Text: w.Text, Color: w.Color, Index: i}
	}
	return []grafana.Mapping{m}
}

func orEmpty(links []grafana.DataLink) []grafana.DataLink {
	if links == nil {
		return []grafana.DataLink{}
	}
	return links
}

// overrides paint series, give single queries their own steps and links, and make
// the columns of a table.
func (p Panel) overrides() []grafana.Override {
	all := []grafana.Override{}
	for _, paint := range p.Paint {
		all = append(all, override("byRegexp", "^("+paint.Series+")$", "color", grafana.Color{Mode: "fixed", FixedColor: paint.Color}))
	}
	for _, q := range p.Queries {
		if q.Steps != nil {
			all = append(all, override("byName", q.Legend, "thresholds", thresholds(q.Steps)))
		}
		if q.Links != nil {
			all = append(all, override("byName", q.Legend, "links", q.Links))
		}
	}
	for _, c := range p.Columns {
		all = append(all, c.override())
	}
	return all
}

func override(matcher, name, property string, value any) grafana.Override {
	return grafana.Override{
		Matcher:    grafana.Matcher{ID: matcher, Options: name},
		Properties: []grafana.Property{{ID: property, Value: value}},
	}
}

// Name is where the panel is found: its dashboard and title.
func (b Board) Name(p Panel) string { return strings.TrimSpace(b.UID + " / " + p.Title) }
