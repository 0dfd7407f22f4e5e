package dashboard

import (
	"net/url"
	"strings"

	"shop/observability/grafana"
)

func routes() []Panel {
	by := []string{"service", "http_request_method", "http_route"}
	operation := url.Values{
		"service": {cell("service")}, "operation": {cell("http_request_method") + " " + cell("http_route")},
	}
	failing := url.Values{"service": operation["service"], "operation": operation["operation"]}
	return []Panel{
		{
			Title: "Routes, last 5 minutes", Kind: grafana.Table, W: 15, H: 9, Unit: requests,
			Shows: "Every route that was asked in the last 5 minutes.",
			Bad:   "A failed part that is not 0; a p99 far above p95, which means that a few wait for something.",
			Then:  "Click the route for its traces, the failed part for those that failed.",
			Queries: []Query{
				{Expr: rateIn(recent, served+"_count{"+clients+"}", by...) + " > 0", Legend: "rate"},
				{Expr: fails(recent, served+"_count", clients, `http_response_status_code=~"5.."`, by...), Legend: "failed"},
				{Expr: quantileIn(recent, "0.5", served+"_bucket{"+clients+"}", by...) + " > 0", Legend: "p50"},
				{Expr: quantileIn(recent, "0.95", served+"_bucket{"+clients+"}", by...) + " > 0", Legend: "p95"},
				{Expr: quantileIn(recent, "0.99", served+"_bucket{"+clients+"}", by...) + " > 0", Legend: "p99"},
			},
			Columns: []Column{
				{Field: "service", Title: "service", Width: 100},
				{Field: "http_request_method", Title: "method", Width: 70},
				{Field: "http_route", Title: "route", Links: []grafana.DataLink{traces("Traces of this route", operation)}},
				{Field: "rate", Title: "requests", Unit: requests, Width: 100},
				{
					Field: "failed", Title: "failed", Unit: ratio, Width: 80, Steps: nonzero(bad),
					Links: []grafana.DataLink{traces("Traces: failed", failing, "error", "true")},
				},
				{Field: "p50", Title: "p50", Unit: seconds, Width: 80},
				{Field: "p95", Title: "p95", Unit: seconds, Width: 80},
				{Field: "p99", Title: "p99", Unit: seconds, Width: 80},
			},
			SortBy: "requests",
		},
		{
			Title: "How long do the chosen services take?", Kind: grafana.Heatmap, W: 9, H: 9, Unit: seconds,
			Shows: "All requests by how long they took: the darker, the more. Dots are single requests that lead to their traces.",
			Bad:   "A second band above the first: some requests wait for something that others don't.",
			Then:  "Click a dot in the upper band and one in the lower, and compare the two traces.",
			Queries: []Query{
				{Expr: "sum by (le) (increase(" + served + `_bucket{service=~"$service", ` + clients + "}[" + Interval + "]))", Legend: "{{le}}", Exemplars: true},
			},
			Runbooks: []string{"OrdersLatencyBurn", "ProductReadsLatencyBurn"},
		},
		parts(),
	}
}

// parts shows where time goes, by the spans of all requests: Jaeger counts them
// before it thins traces out.
func parts() Panel {
	const waits = `{service_name!~"edge|.+-sidecar", span_kind=~"SPAN_KIND_(CLIENT|CONSUMER|PRODUCER)"}`
	const took, made = "traces_span_metrics_duration_milliseconds_sum" + waits, "traces_span_metrics_duration_milliseconds_count" + waits
	by := []string{"service_name", "span_name", "span_kind"}
	top := " and topk(12, " + rateIn(recent, took, by...) + ")"
	search := func() url.Values {
		return url.Values{"service": {cell("service_name")}, "operation": {cell("span_name")}}
	}
	return Panel{
		Title: "What the services wait for most, last 5 minutes", Kind: grafana.Table, W: 24, H: 8, Unit: seconds,
		Shows: "The twelve statements, cache look-ups, calls of other services and events that take the most time in all, from the spans of all requests.",
		Bad:   "One among the first that is not there on other days, a mean that has grown, a failed part that is not 0.",
		Then:  "Click the operation for its traces. Calls to other services: Mesh. Statements: the row on what is close to full.",
		Queries: []Query{
			{Expr: rateIn(recent, took, by...) + " / 1000" + top, Legend: "busy"},
			{Expr: rateIn(recent, made, by...) + top, Legend: "rate"},
			{Expr: "(" + share(rateIn(recent, took, by...), rateIn(recent, made, by...)) + ") / 1000" + top, Legend: "mean"},
			{Expr: fails(recent, "traces_span_metrics_calls_total", strings.Trim(waits, "{}"), `status_code="STATUS_CODE_ERROR"`, by...) + top, Legend: "failed"},
		},
		Columns: []Column{
			{Field: "service_name", Title: "service", Width: 160},
			{Field: "span_kind", Title: "kind", Width: 100, Words: []Word{
				{"SPAN_KIND_CLIENT", "asks", faint}, {"SPAN_KIND_CONSUMER", "handles", faint}, {"SPAN_KIND_PRODUCER", "creates", faint},
			}},
			{Field: "span_name", Title: "operation", Links: []grafana.DataLink{
				traces("Traces of this operation", search()), traces("Traces: failed", search(), "error", "true"),
			}},
			{Field: "rate", Title: "spans", Unit: events, Width: 110},
			{Field: "mean", Title: "mean", Unit: seconds, Width: 90},
			{Field: "busy", Title: "time in each second", Unit: seconds, Width: 150},
			{Field: "failed", Title: "failed", Unit: ratio, Width: 90, Steps: nonzero(bad)},
		},
		SortBy: "time in each second",
	}
}
