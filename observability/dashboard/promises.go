package dashboard

import "shop/observability/grafana"

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
				{Expr: orNone(`count(ALERTS{alertstate="firing", severity="page"})`), Legend: "page", Steps: nonzero(bad)},
				{Expr: orNone(`count(ALERTS{alertstate="firing", severity="ticket"})`), Legend: "ticket", Steps: nonzero(grave)},
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
			Steps: nonzero(bad), Runbooks: []string{"TargetDown"},
		},
		burn,
		firing(),
	}
}
