package dashboard

import "shop/observability/grafana"

// outcomes paints how a question can end.
func outcomes() []Paint {
	return []Paint{{"valid", good}, {"invalid", theirs}, {"cached", faint}, {"error|timeout|circuit_open", bad}}
}

func hopEnds() []Panel {
	return []Panel{
		{
			Title: "Questions by outcome", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: requests, Stacked: true,
			Shows: "How the callers' questions ended. invalid is a client's token, no failure; cached was not asked at all (AUTH_CACHE_TTL).",
			Bad:   "error: not reached or nonsense. timeout: the deadline of 2 s passed. circuit_open: not even asked. A wall of invalid: a client that doesn't log in again, or somebody guesses.",
			Then:  "Click a colour for the traces that ended so.",
			Queries: []Query{
				{Expr: rate(hopCaller+`_count{service=~"$caller"}`, "outcome"), Legend: "{{outcome}}"},
			},
			Paint:    outcomes(),
			Links:    []grafana.DataLink{tagged("that ended so, at order", "order", "auth.outcome", label("outcome")), tagged("that ended so, at product", "product", "auth.outcome", label("outcome"))},
			Runbooks: []string{"ValidateTokenAvailabilityBurn", "ValidateTokenBreakerOpen"},
		},
		{
			Title: "Not answered, by caller", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: ratio,
			Shows: "The part of each caller's questions that got no answer.",
			Bad:   "Above 0.05 % (the line). One caller alone: its sidecar or its certificate. All: the user service.",
			Then:  "One: its log and Mesh. All: the user service's row below, its database (Overview).",
			Queries: []Query{
				{
					Expr:   fails(Interval, hopCaller+"_count", askedBy, `outcome=~"error|timeout|circuit_open"`, "service"),
					Legend: "{{service}}",
				},
			},
			Steps: upFrom(good, at(0.0005, bad)), Lines: true,
			Links:    []grafana.DataLink{failed(label("service")), to("shop-mesh", "Mesh")},
			Runbooks: []string{"ValidateTokenAvailabilityBurn"},
		},
	}
}

func hopSlow() []Panel {
	return []Panel{
		{
			Title: "How long do the chosen callers wait?", Kind: grafana.Heatmap, W: 24, H: 10, Unit: seconds,
			Shows: "All questions by how long the caller waited: the darker, the more. Dots are single calls that lead to their traces.",
			Bad:   "A second band: retries make one at about 600 ms (a try's time), the breaker's deadline one at 2 s.",
			Then:  "Click a dot of the upper band: the trace shows the sidecars' tries one by one.",
			Queries: []Query{
				{Expr: "sum by (le) (increase(" + hopCaller + "_bucket{" + askedBy + "}[" + Interval + "]))", Legend: "{{le}}", Exemplars: true},
			},
			Runbooks: []string{"ValidateTokenLatencyBurn"},
		},
	}
}

// classes paints classes of status codes.
func classes() []Paint {
	return []Paint{{"[123]xx", good}, {"4xx", theirs}, {"5xx", bad}}
}
