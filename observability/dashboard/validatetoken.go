package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

// The series of the hop, from the caller inwards. The sidecars count milliseconds.
const (
	hopCaller  = "auth_validate_token_client_duration_seconds"
	hopSidecar = "envoy_vhost_vcluster_upstream_rq_time"
	hopHandler = "auth_validate_token_server_duration_seconds"

	// What a cache answered is no hop.
	askedBy   = `service=~"$caller", outcome!="cached"`
	egressOf  = `envoy_virtual_cluster="validate_token", envoy_virtual_host="user", mesh_service=~"$caller"`
	inboundOf = `envoy_virtual_cluster="validate_token", envoy_virtual_host="mesh", mesh_service="user"`
)

func validateToken() Board {
	quantiles := grafana.Variable{
		Name: "quantile", Label: "Quantile", Description: "Which part of the calls is faster than the lines of the four places say.",
		Type: "custom", Query: "p50 : 0.5,p95 : 0.95,p99 : 0.99", Current: grafana.Current{Text: "p95", Value: "0.95"},
		Options: []grafana.Option{{Text: "p50", Value: "0.5"}, {Selected: true, Text: "p95", Value: "0.95"}, {Text: "p99", Value: "0.99"}},
	}
	return Board{
		UID: "shop-validate-token", Title: "Validate-token hop",
		About:     "Every authenticated request asks the user service whose token it carries. This hop, seen from the caller, its sidecar, the user service's sidecar and the handler: the place where it gets slow or fails is the one whose line rises while those further in stay low.",
		Variables: []grafana.Variable{choice("caller", "Caller", "Whose calls are shown.", "product", "order", "notification"), quantiles},
		Questions: []Question{
			{Ask: "Does the hop keep its promise, and where does its time go?", Panels: append(hopFigures(), hopPlaces()...)},
			{Ask: "How do the calls end, and for whom do they fail?", Panels: hopEnds()},
			{Ask: "What do the sidecars do about failures, and do they help?", Closed: true, Panels: hopMesh()},
			{Ask: "What does the user service answer, and what slows it?", Closed: true, Panels: hopUser()},
			{Ask: "What does one slow call look like?", Closed: true, Panels: hopSlow()},
		},
	}
}

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

func hopMesh() []Panel {
	hop := func(series string) string { return "envoy_vhost_vcluster_upstream_rq_" + series + "{" + egressOf + "}" }
	const user = `envoy_cluster_name="user", mesh_service=~"$caller"`
	const callers = "\nor\n0 * sum by (service) (envoy_cluster_membership_total{" + user + "})" // Envoy shows no counter that has not moved.
	return []Panel{
		{
			Title: "Tries after a failure", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "What the callers' sidecars tried again: retries, those that helped, and those that were not made because too many were under way.",
			Bad:   "Retries that don't help: the user service as a whole is in trouble, not one replica. not allowed above 0: the retry budget (10 %) protects it from being flooded.",
			Then:  "Don't raise the budget; find out why the first tries fail (codes, to the right).",
			Queries: []Query{
				{Expr: orNone(rate(hop("retry"))), Legend: "tried again"},
				{Expr: orNone(rate(hop("retry_success"))), Legend: "helped"},
				{Expr: orNone(rate(hop("retry_overflow"))), Legend: "not allowed"},
			},
			Paint: []Paint{{"tried again", theirs}, {"helped", good}, {"not allowed", bad}},
			Links: []grafana.DataLink{traces("Traces: second tries", url.Values{"service": {"order-sidecar"}, "operation": {"POST /validate-token try 2"}})},
		},
		{
			Title: "Answers that the callers' sidecars saw", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests, Stacked: true,
			Shows: "Status classes after all tries; 5 includes what the sidecar answered itself because nobody else did.",
			Bad:   "Red. Red here and none at the user service's handler: the call never arrived.",
			Then:  "response_flags in the sidecar's span: UF not reached, UO breaker, UT timeout, UH no healthy replica.",
			Queries: []Query{
				{Expr: rate(hop("xx"), "envoy_response_code_class"), Legend: "{{envoy_response_code_class}}xx"},
			},
			Paint: classes(), Links: []grafana.DataLink{failed("order-sidecar"), failed("product-sidecar")},
		},
		{
			Title: "Gave up waiting", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Calls that the callers' sidecars gave up: after the time of one try (600 ms) or of all (1.8 s).",
			Bad:   "Anything for longer than a moment: the user service hangs.",
			Then:  "The row on the user service: its database, its processors.",
			Queries: []Query{
				{Expr: rate("envoy_cluster_upstream_rq_per_try_timeout{"+user+"}", "service") + callers, Legend: "{{service}}: one try"},
				{Expr: rate(hop("timeout"), "service") + callers, Legend: "{{service}}: all"},
			},
			Paint: []Paint{{".*: one try", theirs}, {".*: all", bad}}, Links: []grafana.DataLink{slow("user", "500ms")},
		},
		{
			Title: "Room before the sidecars' breakers open", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "How many more calls to the user service each caller's sidecar lets through at the same time (512 at most).",
			Bad:   "0: what is beyond is refused at once with 503.",
			Then:  "Calls pile up because they are slow: the four places above.",
			Queries: []Query{
				{Expr: "min by (service) (envoy_cluster_circuit_breakers_default_remaining_rq{" + user + "})", Legend: "{{service}}"},
			},
			Steps: upFrom(bad, at(1, grave), at(64, good)), Runbooks: []string{"MeshBreakerOpen"},
		},
		{
			Title: "Healthy replicas of user, as each caller sees them", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Replicas that health checks and outlier detection let a caller use.",
			Bad:   "0, or one caller that sees fewer than the others: its way there is broken, not the replica.",
			Then:  "Mesh: ejections, connections that fail, certificates.",
			Queries: []Query{
				{Expr: "min by (service) (envoy_cluster_membership_healthy{" + user + "})", Legend: "{{service}}"},
			},
			Steps: upFrom(bad, at(1, good)), Lines: true, Runbooks: []string{"EndpointsUnhealthy", "EndpointsEjected"},
			Links: []grafana.DataLink{to("shop-mesh", "Mesh")},
		},
		{
			Title: "Refused by the user service's policy, 5 minutes", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Calls of the last 5 minutes that the user service's sidecar refused because the caller's identity may not make them.",
			Bad:   "Anything above 0: a policy without a line for a caller, or somebody inside who tries.",
			Then:  "mesh/mesh.yaml, calls; the sidecar's access log names the identity (peer).",
			Queries: []Query{
				{Expr: orNone(occurred(recent, `envoy_http_rbac_denied{service="user"}`)), Legend: "refused"},
			},
			Steps: any0(bad), Lines: true, Links: []grafana.DataLink{tagged("refused calls", "user-sidecar", "http.response.status_code", "403")},
		},
	}
}

func hopUser() []Panel {
	return []Panel{
		{
			Title: "Checks by result", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests, Stacked: true,
			Shows: "What the user service found: valid, or why not.",
			Bad:   "bad_signature or malformed in numbers: forged tokens, or a signing key that was changed without SECRET_KEY_PREVIOUS. error: its database.",
			Then:  "A wave of expired after a long night is harmless. The user service's log has each refusal as an event.",
			Queries: []Query{
				{Expr: rate("auth_validate_token_server_total", "result"), Legend: "{{result}}"},
			},
			Paint: []Paint{{"valid", good}, {"expired|revoked|unknown_user", theirs}, {"malformed|bad_signature", grave}, {"error", bad}},
			Links: []grafana.DataLink{traces("Traces: checks", url.Values{"service": {"user"}, "operation": {"POST /validate-token"}})},
		},
		{
			Title: "The handler takes, by result", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time inside the handler that the chosen quantile of the checks stays below. Signatures cost microseconds, the look-up of the session a statement.",
			Bad:   "valid well above the statements' time to the right: the processor is short.",
			Then:  "Click a dot for the trace; SQL spans or none say which.",
			Queries: []Query{
				{Expr: quantile("$quantile", hopHandler+"_bucket", "result") + " > 0", Legend: "{{result}}", Exemplars: true},
			},
			Links: []grafana.DataLink{slow("user", "20ms")}, Runbooks: []string{"ValidateTokenLatencyBurn"},
		},
		{
			Title: "Its statements take (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time that 95 % of the user service's SQL statements stay below, by table.",
			Bad:   "sessions or users above 5 ms: every authenticated request pays for it.",
			Then:  "PostgreSQL: a missing index, a lock, a full disk. Overview: connections in use.",
			Queries: []Query{
				{Expr: quantile("0.95", `db_client_operation_duration_seconds_bucket{service="user", db_collection_name!=""}`, "db_collection_name"), Legend: "{{db_collection_name}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.005, grave)), Lines: true,
			Links: []grafana.DataLink{to("shop-overview", "Overview and SLO")}, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Logins take its processors", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: cores,
			Shows: "Processor time of the user service, and the part that goes into hashing passwords.",
			Bad:   "Hashing near the whole: a flood of logins slows the checks of tokens.",
			Then:  "Runbook LoginFlood; the edge limits logins for each client.",
			Queries: []Query{
				{Expr: rate(`process_cpu_seconds_total{job="shop", service="user"}`), Legend: "all"},
				{Expr: rate("auth_password_hash_duration_seconds_sum"), Legend: "hashing passwords"},
			},
			Paint: []Paint{{"all", calm}, {"hashing passwords", grave}}, Runbooks: []string{"LoginFlood"},
		},
		{
			Title: "Requests in flight at user", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: number,
			Shows: "Requests that the user service is working on; it refuses what is above 256.",
			Bad:   "Climbing without an end: it hangs.",
			Then:  "Its goroutines: http://HOST:ADMIN_PORT/debug/pprof/goroutine?debug=1 shows what all wait for.",
			Queries: []Query{
				{Expr: `sum(http_server_active_requests{service="user"})`, Legend: "in flight"},
			},
			Steps: upFrom(good, at(256, bad)), Lines: true, Links: []grafana.DataLink{slow("user", "500ms")},
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
