package dashboard

import (
	"fmt"
	"strings"
)

// Interval stands in queries for a time long enough for a rate at the dashboard's
// zoom: Grafana makes it at least four scrapes.
const Interval = "$__rate_interval"

// recent is the window of tables and figures, which have one value and no zoom.
const recent = "5m"

// clients leaves out the routes that machines ask, which would thin out what clients see.
const clients = `http_route!~"/(readyz|livez|health|metrics)"`

// rate is the rate of a counter, summed by labels.
func rate(selector string, by ...string) string { return rateIn(Interval, selector, by...) }

func rateIn(window, selector string, by ...string) string {
	return fmt.Sprintf("sum%s(rate(%s[%s]))", grouped(by), selector, window)
}

// quantile is the q-quantile of a histogram, selected by its _bucket series.
func quantile(q, buckets string, by ...string) string { return quantileIn(Interval, q, buckets, by...) }

func quantileIn(window, q, buckets string, by ...string) string {
	return fmt.Sprintf("histogram_quantile(%s, sum%s(rate(%s[%s])))", q, grouped(append([]string{"le"}, by...)), buckets, window)
}

// mean is the mean of a histogram, by its name and the matchers of its series.
func mean(histogram, matchers string, by ...string) string {
	return share(rate(histogram+"_sum{"+matchers+"}", by...), rate(histogram+"_count{"+matchers+"}", by...))
}

// share is part of whole, with no answer where the whole is nothing.
func share(part, whole string) string { return fmt.Sprintf("%s\n/\n(%s > 0)", part, whole) }

// ms turns Envoy's milliseconds into seconds.
func ms(expr string) string { return expr + " / 1000" }

// fails is the part of all requests that match bad, 0 where none does.
func fails(window, counter, matchers, bad string, by ...string) string {
	join := matchers + ", " + bad
	if matchers == "" {
		join = bad
	}
	all := rateIn(window, counter+"{"+matchers+"}", by...)
	return fmt.Sprintf("(%s or 0 * %s)\n/\n(%s > 0)", rateIn(window, counter+"{"+join+"}", by...), all, all)
}

// orZero is expr, and 0 for each of by that it has no answer for. Envoy shows a
// counter only after it has moved (usedonly), so health would be an empty panel.
func orZero(expr, by string) string {
	return fmt.Sprintf("%s\nor\n0 * max by (%s) (up{job=\"envoy\"})", expr, by)
}

// occurred is how often something rare happened in a window. Envoy shows a counter
// only after it has moved, so the first time is no step that increase could see: the
// series begins with it. What was there before Prometheus began does not count.
func occurred(window, counter string, by ...string) string {
	return fmt.Sprintf("sum%s(\n  (%s unless %s offset %s) and on (job, instance) (up offset %s == 1)\n  or\n  increase(%s[%s])\n)",
		grouped(by), counter, counter, window, window, counter, window)
}

// orNone is expr, or 0 when it has no answer at all.
func orNone(expr string) string { return expr + " or vector(0)" }

func grouped(by []string) string {
	if len(by) == 0 {
		return ""
	}
	return " by (" + strings.Join(by, ", ") + ") "
}

// labelled adds a label to what expr answers.
func labelled(expr, label, value string) string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expr, label, value)
}
