package dashboard

import "shop/observability/grafana"

// Colours have one meaning each, on all dashboards.
const (
	good   = "green"  // As promised.
	theirs = "yellow" // A client's fault, or worth a look.
	grave  = "orange" // Somebody should act this week: a ticket.
	bad    = "red"    // A promise is being broken: a page.
	calm   = "blue"   // Neither: a quantity.
	faint  = "text"   // What did not need to be asked.
)

// One colour for each place that sees the validate-token hop, from the caller inwards.
const (
	atCaller        = "dark-blue"
	atCallerSidecar = "light-blue"
	atUserSidecar   = "purple"
	atHandler       = "dark-orange"
)

// Units, by Grafana's names.
const (
	seconds  = "s"
	bytes    = "bytes"
	ratio    = "percentunit"
	requests = "reqps"
	calls    = "ops"
	events   = "eps"
	messages = "mps"
	number   = "short"
	times    = "suffix:×"
	cores    = "suffix: cores"
	plain    = "none"
)

// upFrom returns steps that get worse as the value grows.
func upFrom(first string, more ...grafana.Step) []grafana.Step {
	return append([]grafana.Step{{Color: first}}, more...)
}

// at is a step: from value on, a colour.
func at(value float64, color string) grafana.Step {
	return grafana.Step{Color: color, Value: &value}
}

// nonzero is green at 0 and of that colour above.
func nonzero(color string) []grafana.Step { return upFrom(good, at(1e-9, color)) }

// oneIsGood is red at 0 and green at 1.
func oneIsGood() []grafana.Step { return upFrom(bad, at(1, good)) }

func limit(v float64) *float64 { return &v }
