package dashboard

import (
	"regexp"
	"strings"
)

// Fill returns expr as Grafana would ask it: $__rate_interval is interval
// ("1m"), and every variable of b has the value with which b opens.
func (b Board) Fill(expr, interval string) string {
	expr = strings.ReplaceAll(expr, Interval, interval)
	for _, v := range b.Variables {
		value := v.Current.Value
		if v.IncludeAll {
			value = v.AllValue
		}
		expr = strings.ReplaceAll(expr, "$"+v.Name, value)
	}
	return expr
}

// Titled returns the title of p as it is read when b is opened.
func (b Board) Titled(p Panel) string {
	title := p.Title
	for _, v := range b.Variables {
		title = strings.ReplaceAll(title, "$"+v.Name, v.Current.Text)
	}
	return title
}

var labelInLegend = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// Name returns the legend of a series with these labels.
func (q Query) Name(labels map[string]string) string {
	return labelInLegend.ReplaceAllStringFunc(q.Legend, func(s string) string {
		return labels[labelInLegend.FindStringSubmatch(s)[1]]
	})
}
