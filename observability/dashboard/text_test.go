package dashboard_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"shop/observability/dashboard"
	"shop/observability/grafana"
)

func TestValuesInWords(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "s", "0 s"},
		{0.0000423, "s", "42.3 µs"},
		{0.0182, "s", "18.2 ms"},
		{1.5, "s", "1.5 s"},
		{300, "s", "5 min"},
		{86400, "s", "24 h"},
		{30 * 86400, "s", "30 days"},
		{-90, "s", "-90 s"},
		{1, "percentunit", "100 %"},
		{0.99953, "percentunit", "99.953 %"},
		{0.9999999, "percentunit", "99.999 %"},
		{0.995, "percentunit", "99.5 %"},
		{0.00053, "percentunit", "0.053 %"},
		{-0.25, "percentunit", "-25 %"},
		{0, "bytes", "0 B"},
		{61.5 * (1 << 20), "bytes", "61.5 MiB"},
		{12345, "reqps", "12.3 k req/s"},
		{0.5, "ops", "0.5 ops/s"},
		{2, "short", "2"},
		{1234567, "short", "1.23 M"},
		{14.4, "suffix:×", "14.4×"},
		{0.25, "suffix: cores", "0.25 cores"},
		{1e-12, "short", "0"},
		{math.NaN(), "s", "–"},
		{math.Inf(1), "s", "+Inf"},
	} {
		if got := dashboard.Text(c.value, c.unit); got != c.want {
			t.Errorf("%v %s: got %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

// labels makes the labels of a sample of names and values in turns.
func labels(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestPanelsInWords(t *testing.T) {
	for _, c := range []struct {
		name    string
		panel   dashboard.Panel
		answers []dashboard.Answer
		want    []string
	}{
		{
			"series by name",
			dashboard.Panel{Kind: grafana.TimeSeries, Unit: "s", Queries: []dashboard.Query{{Legend: "{{service}} p95"}, {Legend: "goal"}}},
			[]dashboard.Answer{
				{{labels("service", "user"), 0.02}, {labels("service", "order"), 0.25}},
				{{nil, 1}},
			},
			[]string{"order p95  250 ms", "user p95   20 ms", "goal       1 s"},
		},
		{
			"words",
			dashboard.Panel{Kind: grafana.Stat, Unit: "none", Queries: []dashboard.Query{{Legend: "redis"}}, Words: []dashboard.Word{{Value: "1", Text: "up"}}},
			[]dashboard.Answer{{{nil, 1}}},
			[]string{"redis  up"},
		},
		{
			"a table of two queries, the largest first",
			dashboard.Panel{
				Kind: grafana.Table, Queries: []dashboard.Query{{Legend: "rate"}, {Legend: "failed"}}, SortBy: "requests",
				Columns: []dashboard.Column{
					{Field: "kind", Title: "what", Words: []dashboard.Word{{Value: "GET", Text: "reads"}}},
					{Field: "rate", Title: "requests", Unit: "reqps"}, {Field: "failed", Title: "failed", Unit: "percentunit"},
				},
			},
			[]dashboard.Answer{
				{{labels("kind", " GET "), 1}, {labels("kind", "POST"), 2}},
				{{labels("kind", " GET "), 0.5}},
			},
			[]string{"what   requests  failed", "POST   2 req/s", "reads  1 req/s   50 %"},
		},
		{
			"a histogram's buckets, which Prometheus adds up",
			dashboard.Panel{Kind: grafana.Heatmap, Unit: "s", Queries: []dashboard.Query{{Legend: "{{le}}"}}},
			[]dashboard.Answer{{{labels("le", "+Inf"), 9}, {labels("le", "0.1"), 4}, {labels("le", "0.05"), 4}, {labels("le", "0.01"), 1}}},
			[]string{"≤ 10 ms  1", "≤ 50 ms  3", "≤ +Inf   5"},
		},
		{"nothing", dashboard.Panel{Kind: grafana.Table, Queries: []dashboard.Query{{}}}, []dashboard.Answer{nil}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.panel.Describe(c.answers); !slices.Equal(got, c.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestAnAnswerWithoutAValueIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		answer dashboard.Answer
		want   bool
	}{
		"no sample":              {nil, true},
		"0 is a value":           {dashboard.Answer{{nil, 0}}, false},
		"nothing by nothing":     {dashboard.Answer{{nil, math.NaN()}}, true},
		"one of two has a value": {dashboard.Answer{{nil, math.NaN()}, {nil, 1}}, false},
	} {
		if got := c.answer.None(); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
