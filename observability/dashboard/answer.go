package dashboard

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"shop/observability/grafana"
)

// Sample is one series' value at a moment.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Answer is what Prometheus says to one query of a panel.
type Answer []Sample

// None reports whether a is no answer: there is no sample, or none with a value.
func (a Answer) None() bool {
	return !slices.ContainsFunc(a, func(s Sample) bool { return !math.IsNaN(s.Value) })
}

// Describe returns what the panel shows, in lines of words, when its queries were
// answered so. It returns none when there is nothing to show.
func (p Panel) Describe(answers []Answer) []string {
	switch p.Kind {
	case grafana.Table:
		return p.rows(answers)
	case grafana.Heatmap:
		return p.buckets(answers[0])
	default:
		return p.series(answers)
	}
}

func (p Panel) series(answers []Answer) []string {
	var names, values []string
	for i, q := range p.Queries {
		sort.Slice(answers[i], func(a, b int) bool { return q.Name(answers[i][a].Labels) < q.Name(answers[i][b].Labels) })
		for _, s := range answers[i] {
			names = append(names, q.Name(s.Labels))
			values = append(values, word(s.Value, p.Unit, p.Words))
		}
	}
	return aligned([][]string{names, values})
}

// rows joins the answers by their labels, as Grafana's merge does.
func (p Panel) rows(answers []Answer) []string {
	type row struct {
		labels map[string]string
		values map[string]float64
	}
	rows := map[string]row{}
	for i, q := range p.Queries {
		for _, s := range answers[i] {
			key := fmt.Sprint(s.Labels)
			if _, there := rows[key]; !there {
				rows[key] = row{s.Labels, map[string]float64{}}
			}
			rows[key].values[q.Legend] = s.Value
		}
	}
	if len(rows) == 0 {
		return nil
	}
	order := slices.Sorted(maps.Keys(rows))
	for _, c := range p.Columns {
		if c.Title == p.SortBy {
			slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(rows[b].values[c.Field], rows[a].values[c.Field]) })
		}
	}
	columns := make([][]string, len(p.Columns))
	for i, c := range p.Columns {
		columns[i] = []string{c.Title}
		for _, key := range order {
			cell := strings.Join(strings.Fields(rows[key].labels[c.Field]), " ")
			for _, w := range c.Words {
				if w.Value == cell {
					cell = w.Text
				}
			}
			if v, ok := rows[key].values[c.Field]; ok {
				cell = word(v, c.Unit, c.Words)
			}
			columns[i] = append(columns[i], cell)
		}
	}
	return aligned(columns)
}

// buckets shows how many there were in each bucket of a histogram, which
// Prometheus adds up.
func (p Panel) buckets(a Answer) []string {
	limit := func(s Sample) float64 {
		le, err := strconv.ParseFloat(s.Labels["le"], 64)
		if err != nil {
			return math.Inf(1)
		}
		return le
	}
	sort.Slice(a, func(i, j int) bool { return limit(a[i]) < limit(a[j]) })
	var names, values []string
	before := 0.0
	for _, s := range a {
		if s.Value > before {
			names = append(names, "≤ "+Text(limit(s), p.Unit))
			values = append(values, Text(math.Round(s.Value-before), number))
		}
		before = s.Value
	}
	return aligned([][]string{names, values})
}

// aligned writes columns side by side.
func aligned(columns [][]string) []string {
	if len(columns) == 0 || len(columns[0]) == 0 {
		return nil
	}
	lines := make([]string, len(columns[0]))
	for _, column := range columns {
		width := 0
		for _, cell := range column {
			width = max(width, utf8.RuneCountInString(cell))
		}
		for i, cell := range column {
			lines[i] += cell + strings.Repeat(" ", width-utf8.RuneCountInString(cell)+2)
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}
