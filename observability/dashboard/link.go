package dashboard

import (
	"net/url"
	"regexp"
	"strings"

	"shop/observability/grafana"
)

// The variables that hold where things are. They are constants of each dashboard:
// to change one for good, change its default here and render.
const (
	jaegerVariable   = "jaeger"
	runbooksVariable = "runbooks"

	// JaegerURL is Jaeger's page as a browser on this machine reaches it.
	JaegerURL = "http://localhost:16686"
	// RunbooksURL is where the runbooks are: Grafana itself serves what is mounted
	// at /usr/share/grafana/public/runbooks, so that they need no further server.
	RunbooksURL = "/public/runbooks"
)

func places() []grafana.Variable {
	return []grafana.Variable{
		constant(jaegerVariable, JaegerURL, "Where links to traces lead."),
		constant(runbooksVariable, RunbooksURL, "Where links to runbooks lead."),
	}
}

func constant(name, value, about string) grafana.Variable {
	return grafana.Variable{
		Name: name, Description: about, Type: "constant", Query: value, Current: grafana.Current{Text: value, Value: value},
		Options: []grafana.Option{{Selected: true, Text: value, Value: value}}, Hide: 2, SkipURLSync: true,
	}
}

// traces is a link to a search in Jaeger over the dashboard's time. The values of
// tags, and everything else, may hold Grafana's variables.
func traces(title string, query url.Values, tags ...string) grafana.DataLink {
	if len(tags) > 0 {
		pairs := make([]string, 0, len(tags)/2)
		for i := 0; i+1 < len(tags); i += 2 {
			pairs = append(pairs, `"`+tags[i]+`":"`+tags[i+1]+`"`)
		}
		query.Set("tags", "{"+strings.Join(pairs, ",")+"}")
	}
	query.Set("limit", "20")
	// Grafana counts milliseconds, Jaeger microseconds.
	return grafana.DataLink{
		Title:       title,
		URL:         "${" + jaegerVariable + ":raw}/search?" + unescaped(query.Encode()) + "&start=${__from}000&end=${__to}000",
		TargetBlank: true,
	}
}

// failed leads to the traces of service that failed.
func failed(service string) grafana.DataLink {
	return traces("Traces of "+service+" that failed", url.Values{"service": {service}}, "error", "true")
}

// slow leads to the traces of service that took at least so long ("50ms").
func slow(service, least string) grafana.DataLink {
	return traces("Traces of "+service+" slower than "+least, url.Values{"service": {service}, "minDuration": {least}})
}

// tagged leads to the traces of service with that attribute.
func tagged(title, service, key, value string) grafana.DataLink {
	return traces("Traces: "+title, url.Values{"service": {service}}, key, value)
}

var escapedVariable = regexp.MustCompile(`%24%7B[^%]*(%3A[^%]*)?%7D`)

// unescaped gives Grafana its variables back: ${…} in an escaped query.
func unescaped(query string) string {
	return escapedVariable.ReplaceAllStringFunc(query, func(s string) string {
		plain, err := url.QueryUnescape(s)
		if err != nil {
			return s
		}
		return plain
	})
}

// label is a label of the value that a link starts at.
func label(name string) string { return "${__field.labels." + name + "}" }

// cell is another cell of the row of a table that a link starts at.
func cell(column string) string { return "${__data.fields." + column + "}" }

// to leads to another dashboard, with the time that is shown.
func to(uid, title string) grafana.DataLink {
	return grafana.DataLink{Title: "Dashboard: " + title, URL: "/d/" + uid + "?${__url_time_range}"}
}

// runbook leads from a panel to the page of an alert.
func runbook(alert string) grafana.Link {
	return grafana.Link{
		Title: "Runbook: " + alert, Type: "link", URL: runbookURL(alert), Tooltip: "What to do when " + alert + " fires", Icon: "doc",
		Tags: []string{}, TargetBlank: true,
	}
}

func runbookURL(alert string) string { return "${" + runbooksVariable + ":raw}/" + alert + ".md" }
