package dashboard

import (
	"strings"

	"shop/observability/grafana"
)

// goal is one service level objective. Its figures are recorded by
// prometheus/rules as slo:<name>:….
type goal struct {
	name  string // Of its recorded series.
	title string // As people say it.
	alert string
	leads grafana.DataLink
}

func goals() []goal {
	return []goal{
		{"orders_availability", "Orders succeed", "OrdersAvailabilityBurn", failed("order")},
		{"orders_latency", "Orders in 250 ms", "OrdersLatencyBurn", slow("order", "250ms")},
		{"product_reads_availability", "Product reads succeed", "ProductReadsAvailabilityBurn", failed("product")},
		{"product_reads_latency", "Product reads in 50 ms", "ProductReadsLatencyBurn", slow("product", "50ms")},
		{"validate_token_availability", "Tokens checked", "ValidateTokenAvailabilityBurn", to("shop-validate-token", "Validate-token hop")},
		{"validate_token_latency", "Tokens checked in 20 ms", "ValidateTokenLatencyBurn", to("shop-validate-token", "Validate-token hop")},
		{"order_notified", "Buyers told in 5 s", "OrderNotifiedBurn", to("shop-messaging", "Messaging")},
	}
}

// errors is the part of the requests that missed the goal in a window.
func (g goal) errors(window string) string { return "slo:" + g.name + ":error_ratio:rate" + window }

// allowed is the part that may miss it.
func (g goal) allowed() string { return "(1 - slo:" + g.name + ":objective)" }

// burn is how many times as fast as allowed the budget is used.
func (g goal) burn(window string) string { return g.errors(window) + " / " + g.allowed() }

// Multiples of the allowed error ratio at which somebody is called:
// prometheus/rules compares with the same.
const (
	fast   = 14.4 // A page: the budget of 30 days is gone in 2.
	quick  = 6    // A page: in 5.
	steady = 1    // A ticket: in 30.
)

func burning() []grafana.Step {
	return upFrom(good, at(steady, theirs), at(quick, grave), at(fast, bad))
}

// kept are the steps of a ratio that a goal wants above objective: red from where
// the fast burn begins.
func kept(objective float64) []grafana.Step {
	return upFrom(bad, at(1-fast*(1-objective), grave), at(objective, good))
}

// ledger is one line for each goal: what was promised, what was kept, and how fast
// the budget burns in every window that an alert looks at.
func ledger() Panel {
	p := Panel{
		Title: "Every promise", Kind: grafana.Table, W: 24, H: 10, Unit: ratio,
		Shows:   "Each goal, what was kept of it in 30 days, what is left of the failures that it allows, and how fast they are used up, as a multiple of what the goal allows.",
		Bad:     "Alerts fire where two windows agree: 5 minutes and 1 hour above 14.4×, 30 minutes and 6 hours above 6× (pages), 6 hours and 3 days above 1× (a ticket).",
		Then:    "A short window alone is a moment that has passed or just begins. Orange in the long ones: plan the repair before the budget is gone.",
		Columns: []Column{{Field: "goal", Title: "goal"}},
	}
	column := func(title, unit string, steps []grafana.Step, places int, expr func(goal) string) {
		var lines []string
		for _, g := range goals() {
			lines = append(lines, labelled(expr(g), "goal", g.title))
			if len(p.Runbooks) < len(goals()) {
				p.Runbooks = append(p.Runbooks, g.alert)
			}
		}
		p.Queries = append(p.Queries, Query{Expr: strings.Join(lines, "\nor\n"), Legend: title})
		p.Columns = append(p.Columns, Column{Field: title, Title: title, Unit: unit, Steps: steps, Places: places, Width: 120})
	}
	column("promised", ratio, nil, 2, func(g goal) string { return "1 * slo:" + g.name + ":objective" }) // Without its name it joins the others.
	column("kept, 30 d", ratio, nil, 3, func(g goal) string { return "1 - " + g.errors("30d") })
	column("budget left", ratio, left(), 0, func(g goal) string { return "1 - " + g.burn("30d") })
	for _, window := range []string{"5m", "30m", "1h", "6h", "3d"} {
		column("burns, "+window, times, burning(), 0, func(g goal) string { return g.burn(window) })
	}
	return p
}

// left are the steps of a budget.
func left() []grafana.Step { return upFrom(bad, at(0, grave), at(0.25, good)) }
