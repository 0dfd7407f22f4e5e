package observability_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var sloName = regexp.MustCompile(`^(slo:\w+:(?:error_ratio:rate|bad_events:increase))(\d+[mhd])$`)

var windowRange = regexp.MustCompile(`\[\d+[a-z]+\]`)

// The windows of a goal differ in their length alone, and are all there.
func TestEveryWindowOfAGoalAsksTheSame(t *testing.T) {
	expr := map[string]map[string]string{} // Kind of record → window → expression.
	for _, r := range recordings(t) {
		name := sloName.FindStringSubmatch(r.Record)
		if name == nil {
			continue
		}
		if ranges := windowRange.FindAllString(r.Expr, -1); len(ranges) == 0 || len(ranges) != strings.Count(r.Expr, "["+name[2]+"]") {
			t.Errorf("%s looks at other windows than %s:\n%s", r.Record, name[2], r.Expr)
		}
		if expr[name[1]] == nil {
			expr[name[1]] = map[string]string{}
		}
		expr[name[1]][name[2]] = strings.ReplaceAll(r.Expr, "["+name[2]+"]", "[]")
	}
	const goals = 7
	if len(expr) != 2*goals {
		t.Errorf("%d kinds of records, want the ratio and the bad events of %d goals", len(expr), goals)
	}
	for kind, windows := range expr {
		want := []string{"1h", "30d", "30m", "3d", "5m", "6h"}
		if strings.Contains(kind, "bad_events") {
			want = []string{"1h", "3d", "6h"}
		}
		if got := slices.Sorted(maps.Keys(windows)); !slices.Equal(got, want) {
			t.Errorf("%s… has the windows %v, want %v", kind, got, want)
		}
		for window, text := range windows {
			if text != windows["1h"] {
				t.Errorf("%s%s asks\n%s\nnot as for 1h\n%s", kind, window, text, windows["1h"])
			}
		}
	}
}

// Every goal calls in three ways, as the SRE workbook has them.
func TestEveryGoalBurnsInThreeWays(t *testing.T) {
	ways := map[string]struct{ severity, factor, long, short string }{
		"fast":   {"page", "14.4", "1h", "5m"},
		"slow":   {"page", "6", "6h", "30m"},
		"steady": {"ticket", "1", "3d", "6h"},
	}
	seen := map[string]int{}
	for _, r := range alerts(t) {
		way, ok := ways[r.Labels["burn"]]
		if !ok {
			continue
		}
		seen[r.Alert]++
		goal := regexp.MustCompile(`^slo:(\w+):`).FindStringSubmatch(r.Expr)[1]
		limit := " > " + way.factor + " * (1 - slo:" + goal + ":objective)\nand\n"
		want := "slo:" + goal + ":error_ratio:rate" + way.long + limit + "slo:" + goal + ":error_ratio:rate" + way.short + limit +
			"slo:" + goal + ":bad_events:increase" + way.long + " >= 5\n"
		if r.Labels["burn"] == "steady" {
			want += "and\nslo:" + goal + ":objective offset 6h\n" // Not in a system's first hours.
		}
		if r.Expr != want || r.Labels["severity"] != way.severity || r.For != "" {
			t.Errorf("%s %v is\n%s\nwant\n%s", r.Alert, r.Labels, r.Expr, want)
		}
	}
	const goals = 7
	for alert, n := range seen {
		if n != len(ways) {
			t.Errorf("%s burns in %d ways, want %d", alert, n, len(ways))
		}
	}
	if len(seen) != goals {
		t.Errorf("%d goals burn, want %d: %v", len(seen), goals, seen)
	}
}
