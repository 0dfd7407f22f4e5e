package observability_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/observability"
	"shop/observability/dashboard"
)

func TestQueriesOfEveryPanelAndRule(t *testing.T) {
	all, err := observability.Queries(1)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, q := range all {
		asked[strings.SplitN(q.Where, " / ", 2)[0]]++
		if q.Expr == "" || strings.HasPrefix(q.Where, "shop-") && strings.Contains(q.Expr, "$") {
			t.Errorf("%s asks %q", q.Where, q.Expr)
		}
		if strings.HasPrefix(q.Where, "shop-") && strings.Contains(q.Expr, "[40s]") != strings.Contains(panelExpr(q.Where), dashboard.Interval) {
			t.Errorf("%s: the window of a rate is four scrapes: %s", q.Where, q.Expr)
		}
	}
	for _, b := range dashboard.All() {
		if asked[b.UID] < 20 {
			t.Errorf("%s asks %d questions", b.UID, asked[b.UID])
		}
	}
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if asked[g.File] < len(g.Rules) {
			t.Errorf("%s: %d of %d rules", g.File, asked[g.File], len(g.Rules))
		}
	}
	excused := slices.DeleteFunc(slices.Clone(all), func(q observability.Query) bool { return q.Quiet == "" || strings.HasPrefix(q.Where, "shop-") })
	if recorded := slices.DeleteFunc(slices.Clone(excused), func(q observability.Query) bool { return q.Quiet == "while all is well it does not fire" }); len(recorded) != 1 {
		t.Errorf("recorded series that may be absent: %v", recorded)
	}
	scaled, err := observability.Queries(60)
	if err != nil || len(scaled) != len(all) {
		t.Fatalf("scaled: %d of %d, %v", len(scaled), len(all), err)
	}
	if !slices.ContainsFunc(scaled, func(q observability.Query) bool { return strings.Contains(q.Expr, "[15s]") }) {
		t.Error("scaled: no rate over three looks at the histograms of an Envoy")
	}
}

// panelExpr returns what a panel asks before it is filled in.
func panelExpr(where string) string {
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				for _, query := range p.Queries {
					if b.Name(p)+": "+query.Legend == where {
						return query.Expr
					}
				}
			}
		}
	}
	return ""
}

// TestPrometheusUnderstandsEveryQuery hands them to promtool as rules.
func TestPrometheusUnderstandsEveryQuery(t *testing.T) {
	all, err := observability.Queries(1)
	if err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: queries\n    rules:\n")
	for i, q := range all {
		fmt.Fprintf(&rules, "      - record: query:%d\n        expr: |\n          # %s\n", i, strings.ReplaceAll(q.Where, "\n", " "))
		for line := range strings.Lines(q.Expr) {
			rules.WriteString("          " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := promtool(t, "check", "rules", file); !strings.Contains(out, fmt.Sprint(len(all), " rules found")) {
		t.Errorf("of %d queries promtool found:\n%s", len(all), out)
	}
}

// TestRecordedSeriesExist: what a panel takes from a rule, a rule records.
func TestRecordedSeriesExist(t *testing.T) {
	recorded := map[string]bool{}
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			recorded[r.Record] = true
		}
	}
	used := map[string]bool{}
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				for _, query := range p.Queries {
					for _, name := range series.FindAllString(query.Expr, -1) {
						used[name] = true
						if !recorded[name] {
							t.Errorf("%s: nobody records %s", b.Name(p), name)
						}
					}
				}
			}
		}
	}
	if len(used) < 20 {
		t.Errorf("only %d recorded series are used", len(used))
	}
}
