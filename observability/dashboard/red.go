package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

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
