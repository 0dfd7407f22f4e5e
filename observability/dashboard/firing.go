package dashboard

import (
	"fmt"

	"shop/observability/grafana"
)

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
