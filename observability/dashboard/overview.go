package dashboard

import (
	"fmt"
	"net/url"
	"strings"

	"shop/observability/grafana"
)

func overview() Board {
	return Board{
		UID: "shop-overview", Title: "Overview and SLO",
		About:     "Where an incident begins: which promise is being broken, by which service, and what fires. Everything else is a click from here.",
		Variables: []grafana.Variable{choice("service", "Service", "Whose requests the heatmap shows.", services...)},
		Questions: []Question{
			{Ask: "Are we keeping our promises, and which service breaks them?", Panels: append(promises(), red()...)},
			{Ask: "How exactly does each promise stand?", Closed: true, Panels: []Panel{ledger()}},
			{Ask: "Which route is slow or failing, and which part of it?", Closed: true, Panels: routes()},
			{Ask: "Does the business go on, and does anybody try passwords?", Closed: true, Panels: business()},
			{Ask: "What is close to full, and is a database in trouble?", Closed: true, Panels: saturation()},
			{Ask: "Is everything there, which version runs, and do we see everything?", Closed: true, Panels: inventory()},
		},
	}
}

var services = []string{"user", "product", "order", "notification"}

// choice is a variable with fixed values, all of them at first.
func choice(name, title, about string, values ...string) grafana.Variable {
	all := grafana.Option{Selected: true, Text: "All", Value: "$__all"}
	v := grafana.Variable{
		Name: name, Label: title, Description: about, Type: "custom", Query: strings.Join(values, ","),
		Current: grafana.Current{Text: all.Text, Value: all.Value, Multi: true}, Options: []grafana.Option{all}, Multi: true, IncludeAll: true, AllValue: strings.Join(values, "|"),
	}
	for _, value := range values {
		v.Options = append(v.Options, grafana.Option{Text: value, Value: value})
	}
	return v
}

func promises() []Panel {
	budget := Panel{
		Title: "Error budget left, 30 days", Kind: grafana.Stat, W: 18, H: 3, Unit: ratio,
		Shows: "What is left of the failures that each goal allows in 30 days: 100 % = none has happened, below 0 = the goal is missed.",
		Bad:   "Orange: less than a quarter is left. Red: used up.",
		Then:  "Look at the burn rate below for whether it still goes on; click the figure for the traces or the dashboard behind it. With the budget used up, change nothing risky before it has recovered.",
		Steps: left(),
	}
	burn := Panel{
		Title: "How fast budgets burn, last hour", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: times,
		Shows: "Failures of the last hour as a multiple of what the goal allows: at 1× the budget lasts exactly its 30 days.",
		Bad:   "Above 14.4× (page: 2 days' worth), 6× (page: 5 days' worth) or, for days, 1× (ticket).",
		Then:  "Find the service in the three graphs below, then follow the runbook of the alert.",
		Steps: burning(), Lines: true,
	}
	for _, g := range goals() {
		budget.Queries = append(budget.Queries, Query{
			Expr: "1 - " + g.burn("30d"), Legend: g.title, Links: []grafana.DataLink{g.leads},
		})
		burn.Queries = append(burn.Queries, Query{Expr: g.burn("1h"), Legend: g.title, Links: []grafana.DataLink{g.leads}})
		burn.Runbooks = append(burn.Runbooks, g.alert)
	}
	return []Panel{
		budget,
		{
			Title: "Alerts firing", Kind: grafana.Stat, W: 3, H: 3, Unit: number,
			Shows: "How many alerts fire now: pages want somebody at once, tickets this week.",
			Bad:   "Any page.",
			Then:  "The table below says which, and leads to what to do.",
			Queries: []Query{
				{Expr: orNone(`count(ALERTS{alertstate="firing", severity="page"})`), Legend: "page", Steps: any0(bad)},
				{Expr: orNone(`count(ALERTS{alertstate="firing", severity="ticket"})`), Legend: "ticket", Steps: any0(grave)},
			},
		},
		{
			Title: "Targets down", Kind: grafana.Stat, W: 3, H: 3, Unit: number,
			Shows: "Metrics pages that Prometheus could not read in its last round.",
			Bad:   "Anything but 0: a process is gone, or we are blind to it. Its graphs below end, they don't fall.",
			Then:  "The last row of this dashboard shows which, and since when.",
			Queries: []Query{
				{Expr: orNone("count(up == 0)"), Legend: "down"},
			},
			Steps: any0(bad), Runbooks: []string{"TargetDown"},
		},
		burn,
		firing(),
	}
}

// boards are the dashboards by the families of alerts that they explain.
var boards = []struct{ uid, families string }{
	{"shop-overview", "orders|products|database|security|services|observability"},
	{"shop-validate-token", "auth"},
	{"shop-cache", "cache"},
	{"shop-messaging", "messaging|notification"},
	{"shop-mesh", "mesh|certificates"},
}

func firing() Panel {
	// What an alert is about stands in a label of its own kind.
	expr := `sum by (severity, alertname, family, about) (label_join(ALERTS{alertstate="firing"}, "about", " ", ` +
		`"service", "mesh_service", "envoy_cluster_name", "queue", "channel", "cache", "identity", "burn"))`
	for _, b := range boards {
		expr = fmt.Sprintf(`label_replace(%s, "dashboard", %q, "family", %q)`, expr, b.uid, b.families)
	}
	return Panel{
		Title: "What fires, and what to do", Kind: grafana.Table, W: 12, H: 6, Unit: number,
		Shows: "Every alert that fires now.",
		Bad:   "Red is a page. Several families at once usually have one cause: begin with the one that others call (database, auth, messaging).",
		Then:  "Click the alert for its runbook, the dashboard for the figures behind it.",
		Queries: []Query{
			{Expr: expr, Legend: "count", Quiet: "while all is well nothing fires"},
		},
		Columns: []Column{
			{Field: "severity", Title: "severity", Width: 80, Words: []Word{{"page", "page", bad}, {"ticket", "ticket", grave}}},
			{Field: "alertname", Title: "alert", Links: []grafana.DataLink{
				{Title: "Runbook", URL: runbookURL(cell("alertname")), TargetBlank: true},
			}},
			{Field: "about", Title: "about", Width: 160},
			{Field: "family", Title: "family", Width: 110},
			{Field: "dashboard", Title: "dashboard", Width: 170, Links: []grafana.DataLink{
				{Title: "Dashboard", URL: "/d/" + cell("dashboard") + "?${__url_time_range}"},
			}},
		},
		SortBy: "severity", Rising: true, // page, then ticket.
	}
}

const served = "http_server_request_duration_seconds"

func red() []Panel {
	trace := []grafana.DataLink{failed(label("service"))}
	return []Panel{
		{
			Title: "Requests per second", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: requests,
			Shows: "Requests that each service answered, calls from other services included, health checks not.",
			Bad:   "A fall to 0 while others go on: its clients can't reach it. A rise without a campaign: retries, or a flood.",
			Then:  "Fallen: Mesh, whether the edge sends and replicas are healthy. Risen: Mesh, who is refused at the edge.",
			Queries: []Query{
				{Expr: rate(served+"_count{"+clients+"}", "service"), Legend: "{{service}}"},
			},
			Links: []grafana.DataLink{to("shop-mesh", "Mesh"), traces("Traces of this service", url.Values{"service": {label("service")}})},
		},
		{
			Title: "Failed requests", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: ratio,
			Shows: "The part of the requests that each service answered with 5xx.",
			Bad:   "Above 0.1 % (the line): orders' budget burns. Where several rise, the first to rise, or the one that the others call, is the cause.",
			Then:  "Click the line for the failed traces; the deepest span that failed names the part.",
			Queries: []Query{
				{Expr: fails(Interval, served+"_count", clients, `http_response_status_code=~"5.."`, "service"), Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(0.001, bad)), Lines: true, Links: trace,
			Runbooks: []string{"OrdersAvailabilityBurn", "ProductReadsAvailabilityBurn"},
		},
		{
			Title: "Slowest 5 % take longer than (p95)", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: seconds,
			Shows: "Response time that 95 % of the requests stay below. Dots are single requests: click one for its trace.",
			Bad:   "Orders above 250 ms, products above 50 ms. Logins are slow on purpose (a password's hash), so user is judged on its own dashboard.",
			Then:  "Click a dot high up: the longest span names the part. Then the row on what is close to full.",
			Queries: []Query{
				{Expr: quantile("0.95", served+"_bucket{"+clients+", http_route!~\"/(login|register)\"}", "service"), Legend: "{{service}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, theirs), at(0.25, bad)), Lines: true,
			Links:    []grafana.DataLink{slow(label("service"), "50ms"), slow(label("service"), "250ms")},
			Runbooks: []string{"OrdersLatencyBurn", "ProductReadsLatencyBurn"},
		},
	}
}
