package dashboard

import (
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
