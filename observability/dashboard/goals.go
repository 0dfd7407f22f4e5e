package dashboard

import "shop/observability/grafana"

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
