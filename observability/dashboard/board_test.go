package dashboard_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"shop/observability/dashboard"
	"shop/observability/grafana"
)

// screen is how many rows of the grid a laptop with 1080 lines shows: 40 for the
// system's bar, 90 for the browser's and 80 for Grafana's leave 870, at 38 each.
const screen = 22

// each calls f for every panel.
func each(t *testing.T, f func(t *testing.T, b dashboard.Board, p dashboard.Panel)) {
	t.Helper()
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				t.Run(b.Name(p), func(t *testing.T) { f(t, b, p) })
			}
		}
	}
}

func TestWhatIsSeenFirstFitsALaptop(t *testing.T) {
	for _, b := range dashboard.All() {
		bottom := 0
		for _, p := range b.Dashboard().Panels {
			bottom = max(bottom, p.GridPos.Y+p.GridPos.H)
			if p.Type != grafana.Row {
				continue
			}
			below := 0
			for _, inner := range p.Panels {
				below = max(below, inner.GridPos.Y+inner.GridPos.H-p.GridPos.Y)
			}
			if below > screen {
				t.Errorf("%s / %s: opened it takes %d rows of the grid, a screen has %d", b.UID, p.Title, below, screen)
			}
		}
		if bottom > screen {
			t.Errorf("%s takes %d rows of the grid, a screen has %d", b.UID, bottom, screen)
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	for _, b := range dashboard.All() {
		top := b.Dashboard().Panels
		apart(t, b, top)
		for _, row := range top {
			apart(t, b, row.Panels)
			for _, p := range row.Panels {
				if p.GridPos.Y <= row.GridPos.Y {
					t.Errorf("%s / %s stands above its row", b.UID, p.Title)
				}
			}
		}
	}
}

func apart(t *testing.T, b dashboard.Board, panels []grafana.Panel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		at := p.GridPos
		if at.W < 3 && p.Type != grafana.Row || at.H < 1 || at.X < 0 || at.X+at.W > grafana.Width {
			t.Errorf("%s / %s: %+v is not in the grid", b.UID, p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, there := taken[[2]int{x, y}]; there {
					t.Fatalf("%s: %s lies on %s", b.UID, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestRowsAskQuestions(t *testing.T) {
	for _, b := range dashboard.All() {
		if b.Questions[0].Closed {
			t.Errorf("%s opens with nothing but titles", b.UID)
		}
		if b.About == "" {
			t.Errorf("%s does not say what it is for", b.UID)
		}
		for _, q := range b.Questions {
			if !strings.HasSuffix(q.Ask, "?") || len(q.Panels) == 0 {
				t.Errorf("%s: %q is no question with panels", b.UID, q.Ask)
			}
		}
	}
}

func TestPanelsExplainThemselves(t *testing.T) {
	titles := map[string]bool{}
	each(t, func(t *testing.T, b dashboard.Board, p dashboard.Panel) {
		if titles[b.Name(p)] {
			t.Error("two panels of one dashboard have this title")
		}
		titles[b.Name(p)] = true
		for name, sentence := range map[string]string{"Shows": p.Shows, "Bad": p.Bad, "Then": p.Then} {
			if !strings.HasSuffix(sentence, ".") && (name != "Then" || !strings.HasSuffix(sentence, "?")) {
				t.Errorf("%s is no sentence: %q", name, sentence)
			}
		}
		if got := p.Description(); !strings.Contains(got, "**Bad:** ") || !strings.Contains(got, "**Then:** ") {
			t.Errorf("description: %q", got)
		}
		if len(p.Queries) == 0 {
			t.Error("no query")
		}
		legends := map[string]bool{}
		for _, q := range p.Queries {
			if q.Legend == "" {
				t.Errorf("no legend: %s", q.Expr)
			}
			if legends[q.Legend] && !strings.Contains(q.Legend, "{{") {
				t.Errorf("two series are called %s", q.Legend)
			}
			legends[q.Legend] = true
		}
		if len(p.Links) == 0 && len(p.Runbooks) == 0 && p.Kind == grafana.TimeSeries && p.Unit != "bytes" && !alone[b.Name(p)] {
			t.Error("it leads nowhere: no trace, no dashboard, no runbook")
		}
	})
}

// alone are the graphs that end a search: what there is to do stands in their
// description.
var alone = map[string]bool{
	"shop-overview / Processors":                         true,
	"shop-mesh / Memory, of what an Envoy may use":       true,
	"shop-mesh / Connections, of what an Envoy may have": true,
	"shop-mesh / Open connections":                       true,
}

// units are Grafana's names of the units in use, and what a query of them has.
var units = map[string]*regexp.Regexp{
	"s":             regexp.MustCompile(`seconds|_time_|_milliseconds|uptime`),
	"bytes":         regexp.MustCompile(`_bytes|memory_physical_size`),
	"percentunit":   regexp.MustCompile(`/|ratio|objective`),
	"reqps":         regexp.MustCompile(`rate\(`),
	"ops":           regexp.MustCompile(`rate\(`),
	"eps":           regexp.MustCompile(`rate\(`),
	"mps":           regexp.MustCompile(`rate\(`),
	"short":         regexp.MustCompile(`.`),
	"none":          regexp.MustCompile(`.`),
	"suffix:×":      regexp.MustCompile(`/`),
	"suffix: cores": regexp.MustCompile(`rate\(.*seconds`),
}

func TestUnitsFitTheQueries(t *testing.T) {
	rate := regexp.MustCompile(`^(sum|max)[^(]*\(rate\(`)
	each(t, func(t *testing.T, _ dashboard.Board, p dashboard.Panel) {
		for _, q := range p.Queries {
			unit := p.Unit
			for _, c := range p.Columns {
				if c.Field == q.Legend && c.Unit != "" {
					unit = c.Unit
				}
			}
			pattern, known := units[unit]
			if !known {
				t.Fatalf("unit %q is not one of Grafana's that are in use here", unit)
			}
			if !pattern.MatchString(q.Expr) {
				t.Errorf("%s of unit %s, which the query does not look like:\n%s", q.Legend, unit, q.Expr)
			}
			if strings.HasPrefix(q.Expr, "histogram_quantile") && unit != "s" {
				t.Errorf("%s is a time in %s", q.Legend, unit)
			}
			if strings.Contains(q.Expr, "envoy") && strings.Contains(q.Expr, "_time_") && unit == "s" && !strings.Contains(q.Expr, "/ 1000") && !strings.Contains(q.Expr, "unix_time") {
				t.Errorf("%s: Envoy counts milliseconds:\n%s", q.Legend, q.Expr)
			}
			if rate.MatchString(q.Expr) && unit == "short" && !strings.Contains(q.Expr, "wait_seconds") {
				t.Errorf("%s is a rate without a unit of one", q.Legend)
			}
		}
	})
}

// apartByLabels are selectors of several names whose series differ in more than
// their name, which a rate drops: two that don't are an error, and only on the day
// on which both are there.
var apartByLabels = regexp.MustCompile(`__name__=~"(\((order\|)?product\|notification\)_[a-z_]+|envoy_\(listener_server\|cluster_client\)_ssl_socket_factory_ssl_context_update_by_sds)"`)

func TestRatesOfSeveralNamesStayApart(t *testing.T) {
	several := regexp.MustCompile(`(rate|increase)\(\{__name__=~`)
	each(t, func(t *testing.T, _ dashboard.Board, p dashboard.Panel) {
		for _, q := range p.Queries {
			if several.MatchString(q.Expr) && !apartByLabels.MatchString(q.Expr) {
				t.Errorf("%s: %s", q.Legend, q.Expr)
			}
		}
	})
}

// traced are the histograms that have exemplars: those that the services observe
// with the context of a request. Envoy's text format has no place for them.
var traced = regexp.MustCompile(`http_server_request_duration_seconds_bucket|auth_validate_token_(client|server)_duration_seconds_bucket|` +
	`auth_password_hash_duration_seconds_bucket|db_client_operation_duration_seconds_bucket|order_event_publish_duration_seconds_bucket|` +
	`process_duration_seconds_bucket|message_age_seconds_bucket`)

func TestLatencyLeadsToTraces(t *testing.T) {
	each(t, func(t *testing.T, _ dashboard.Board, p dashboard.Panel) {
		if p.Kind != grafana.TimeSeries && p.Kind != grafana.Heatmap {
			return
		}
		for _, q := range p.Queries {
			if has := traced.MatchString(q.Expr); has != q.Exemplars {
				t.Errorf("%s: exemplars %v, its histogram has them: %v", q.Legend, q.Exemplars, has)
			}
		}
	})
}

func TestColoursHaveMeanings(t *testing.T) {
	meanings := []string{"green", "yellow", "orange", "red", "blue", "text", "dark-blue", "light-blue", "purple", "dark-orange"}
	each(t, func(t *testing.T, _ dashboard.Board, p dashboard.Panel) {
		var used []string
		for _, s := range p.Steps {
			used = append(used, s.Color)
		}
		for _, paint := range p.Paint {
			used = append(used, paint.Color)
			if _, err := regexp.Compile(paint.Series); err != nil {
				t.Error(err)
			}
		}
		for _, w := range p.Words {
			used = append(used, w.Color)
		}
		for _, colour := range used {
			if !slices.Contains(meanings, colour) {
				t.Errorf("%s is a colour without a meaning", colour)
			}
		}
	})
}

// TestLooks: what a panel says of its look reaches Grafana.
func TestLooks(t *testing.T) {
	each(t, func(t *testing.T, b dashboard.Board, p dashboard.Panel) {
		var made grafana.Panel
		for _, top := range b.Dashboard().Panels {
			for _, candidate := range append([]grafana.Panel{top}, top.Panels...) {
				if candidate.Title == p.Title {
					made = candidate
				}
			}
		}
		look := made.FieldConfig.Defaults
		coloured := len(p.Steps) > 0 || len(p.Words) > 0 || slices.ContainsFunc(p.Queries, func(q dashboard.Query) bool { return q.Steps != nil })
		if p.Kind == grafana.Stat && (look.Color.Mode == "thresholds") != coloured {
			t.Errorf("its colour is %s", look.Color.Mode)
		}
		if p.Kind == grafana.TimeSeries && (look.Min == nil) != p.Log {
			t.Error("a linear axis begins at 0, a logarithmic one can't")
		}
		if len(made.Links) != len(p.Runbooks) || len(made.Targets) != len(p.Queries) {
			t.Errorf("%d links, %d queries", len(made.Links), len(made.Targets))
		}
		for i, q := range p.Queries {
			got := made.Targets[i]
			if got.Instant != (p.Kind == grafana.Table) || got.Range == got.Instant || got.Exemplar != q.Exemplars || got.Expr != q.Expr {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestTablesNameTheirColumns(t *testing.T) {
	each(t, func(t *testing.T, _ dashboard.Board, p dashboard.Panel) {
		if (p.Kind == grafana.Table) != (len(p.Columns) > 0) {
			t.Fatal("columns are what a table has")
		}
		titles := map[string]bool{"": p.Kind != grafana.Table}
		for _, c := range p.Columns {
			titles[c.Title] = true
		}
		if p.SortBy != "" && !titles[p.SortBy] {
			t.Errorf("it is sorted by %q, which is no column", p.SortBy)
		}
		figures := slices.ContainsFunc(p.Columns, func(c dashboard.Column) bool { return c.Title == p.SortBy && c.Unit != "" })
		if p.SortBy != "" && figures == p.Rising {
			t.Error("figures begin with the largest, words with a")
		}
	})
}
