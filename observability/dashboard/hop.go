package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

func hopFigures() []Panel {
	return []Panel{
		{
			Title: "Answered, last hour", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio, Places: 3,
			Shows: "The part of all callers' questions that got an answer, valid or not. Promised are 99.95 %.",
			Bad:   "Orange: the budget burns. Red: 14 times as fast as it may. Each failure is a 503 for somebody who is logged in.",
			Then:  "The next row shows for whom, the four places show where.",
			Queries: []Query{
				{Expr: "1 - slo:validate_token_availability:error_ratio:rate1h", Legend: "answered"},
			},
			Steps: kept(0.9995), Runbooks: []string{"ValidateTokenAvailabilityBurn"},
		},
		{
			Title: "Within 20 ms, last hour", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio,
			Shows: "The part of all callers' questions that was answered within 20 ms. Promised are 95 %.",
			Bad:   "Below 95 %: every authenticated request of every service is late.",
			Then:  "The four places below.",
			Queries: []Query{
				{Expr: "1 - slo:validate_token_latency:error_ratio:rate1h", Legend: "in time"},
			},
			Steps: kept(0.95), Runbooks: []string{"ValidateTokenLatencyBurn"},
		},
		{
			Title: "Questions per second", Kind: grafana.Stat, W: 4, H: 3, Unit: requests, Spark: true,
			Shows: "Tokens that the chosen callers had checked. Requests with one token at one time share a call.",
			Bad:   "0 while the edge has traffic.",
			Then:  "Mesh: does the edge reach the services at all?",
			Queries: []Query{
				{Expr: rate(hopCaller + "_count{" + askedBy + "}"), Legend: "questions"},
			},
		},
		{
			Title: "Breakers of the callers", Kind: grafana.Stat, W: 6, H: 3, Unit: plain,
			Shows: "Whether a caller still asks: closed = it does; open = it has seen too many failures and answers 503 at once; half open = it tries one.",
			Bad:   "open. It closes by itself some seconds after the user service answers again.",
			Then:  "The user service: is it up, are its endpoints healthy (Mesh), is its database there (Overview)?",
			Queries: []Query{
				{Expr: "max by (service) (auth_validate_token_client_breaker_state)", Legend: "{{service}}"},
			},
			Words:    []Word{{"0", "closed", good}, {"1", "half open", grave}, {"2", "open", bad}},
			Steps:    upFrom(good, at(1, grave), at(2, bad)),
			Runbooks: []string{"ValidateTokenBreakerOpen"},
		},
		{
			Title: "Tried again", Kind: grafana.Stat, W: 4, H: 3, Unit: ratio,
			Shows: "Retries by the callers' sidecars, as a part of the calls.",
			Bad:   "Above 1 %: replicas of the user service fail or are slow, and only retries hide it.",
			Then:  "The row on what the sidecars do, then Mesh for the replica.",
			Queries: []Query{
				{Expr: share("("+orNone(rate("envoy_vhost_vcluster_upstream_rq_retry{"+egressOf+"}"))+")", rate("envoy_vhost_vcluster_upstream_rq_total{"+egressOf+"}")), Legend: "retries"},
			},
			Steps: upFrom(good, at(0.01, grave), at(0.1, bad)),
		},
	}
}

func hopPlaces() []Panel {
	caller := mean(hopCaller, askedBy)
	sidecar := ms(mean(hopSidecar, egressOf))
	inbound := ms(mean(hopSidecar, inboundOf))
	handler := mean(hopHandler, "")
	less := func(outer, inner string) string {
		return "clamp_min(\n(" + outer + ")\n-\n(" + inner + "), 0)"
	}
	return []Panel{
		{
			Title: "One hop from four places ($quantile)", Kind: grafana.TimeSeries, W: 15, H: 8, Unit: seconds, Log: true,
			Shows: "How long a call takes as each place sees it, from outside in: the caller's code, its sidecar with all tries, the user service's sidecar, the handler. The last two see all callers. Envoy's buckets are coarse, so lines may cross a little. Dots lead to traces.",
			Bad:   "The caller above 20 ms (the line). A gap between two lines is where the time goes: caller and its sidecar: its own queue; the two sidecars: network, handshakes, retries; sidecar and handler: the user service's HTTP queue; the handler itself: its database or processor.",
			Then:  "The innermost line that is high names the part; the graph to the right says how much each adds.",
			Queries: []Query{
				{Expr: quantile("$quantile", hopCaller+"_bucket{"+askedBy+"}"), Legend: "caller", Exemplars: true},
				{Expr: ms(quantile("$quantile", hopSidecar+"_bucket{"+egressOf+"}")), Legend: "caller's sidecar"},
				{Expr: ms(quantile("$quantile", hopSidecar+"_bucket{"+inboundOf+"}")), Legend: "user's sidecar"},
				{Expr: quantile("$quantile", hopHandler+"_bucket"), Legend: "handler", Exemplars: true},
			},
			Steps: upFrom(good, at(0.02, bad)), Lines: true,
			Paint: []Paint{{"caller", atCaller}, {"caller's sidecar", atCallerSidecar}, {"user's sidecar", atUserSidecar}, {"handler", atHandler}},
			Links: []grafana.DataLink{
				traces("Traces: checks slower than 20 ms", url.Values{"service": {"user"}, "operation": {"POST /validate-token"}, "minDuration": {"20ms"}}),
				to("shop-mesh", "Mesh"),
			},
			Runbooks: []string{"ValidateTokenLatencyBurn"},
		},
		{
			Title: "What each part adds (mean)", Kind: grafana.TimeSeries, W: 9, H: 8, Unit: seconds, Stacked: true,
			Shows: "The mean time of a call, cut at the four places: means can be added and subtracted, quantiles can't. The height is what a caller waits.",
			Bad:   "One colour grows while the others stay.",
			Then:  "Handler: the row on the user service. User's HTTP: its requests in flight (Overview). Network and retries: the row on the sidecars. Caller: its processors (Overview).",
			Queries: []Query{
				{Expr: handler, Legend: "handler"},
				{Expr: less(inbound, handler), Legend: "user's HTTP"},
				{Expr: less(sidecar, inbound), Legend: "network and retries"},
				{Expr: less(caller, sidecar), Legend: "caller"},
			},
			Paint: []Paint{{"caller", atCaller}, {"network and retries", atCallerSidecar}, {"user's HTTP", atUserSidecar}, {"handler", atHandler}},
			Links: []grafana.DataLink{to("shop-overview", "Overview and SLO"), to("shop-mesh", "Mesh")}, Runbooks: []string{"ValidateTokenLatencyBurn"},
		},
	}
}
