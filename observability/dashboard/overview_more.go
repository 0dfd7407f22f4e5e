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
					Field: "failed", Title: "failed", Unit: ratio, Width: 80, Steps: any0(bad),
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
			{Field: "failed", Title: "failed", Unit: ratio, Width: 90, Steps: any0(bad)},
		},
		SortBy: "time in each second",
	}
}

func business() []Panel {
	return []Panel{
		{
			Title: "Orders by what became of them", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Requests to place an order: placed, answered again from the idempotency key, refused for a reason of the client's, or failed for one of ours.",
			Bad:   "Red: product or database unavailable, or an error nobody classified. A wave of yellow insufficient_stock is a sold-out product, no incident.",
			Then:  "Red: the failed traces of order. Nothing at all while the edge has traffic: Validate-token hop.",
			Queries: []Query{
				{Expr: rate("orders_placed_total", "outcome") + " > 0", Legend: "{{outcome}}"},
			},
			Stacked: true,
			Paint: []Paint{
				{"placed", good}, {"replayed", calm},
				{"product_not_found|insufficient_stock|total_too_large|idempotency_key_.*", theirs}, {".*(unavailable|timeout|error|gone)", bad},
			},
			Links:    []grafana.DataLink{failed("order")},
			Runbooks: []string{"OrdersAvailabilityBurn"},
		},
		{
			Title: "Stock reservations by outcome", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "What product did with reservations: reserved for orders, confirmed or released later, or refused.",
			Bad:   "error above 0. released keeping up with reserved: orders are cancelled as fast as they come, or settled as abandoned because order loses them.",
			Then:  "The failed traces of product; shop order ID shows what became of one order.",
			Queries: []Query{
				{Expr: rate("product_reservations_total", "outcome"), Legend: "{{outcome}}"},
			},
			Paint: []Paint{{"reserved|confirmed", good}, {"released", calm}, {"insufficient|not_found|refused", theirs}, {"error", bad}},
			Links: []grafana.DataLink{failed("product")},
		},
		{
			Title: "Orders that entered a status", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Orders by the status that they entered; deleted is the end of any.",
			Bad:   "cancelled or deleted rising towards pending: buyers or a script undo their orders.",
			Then:  "Compare with the row above it; the traces of PUT and DELETE /orders/{id} say who calls.",
			Queries: []Query{
				{Expr: rate("order_status_changes_total", "status"), Legend: "{{status}}"},
			},
			Paint: []Paint{{"pending|confirmed|shipped|delivered", calm}, {"cancelled|deleted", theirs}},
			Links: []grafana.DataLink{traces("Traces of order", url.Values{"service": {"order"}})},
		},
		{
			Title: "Logins and refusals", Kind: grafana.TimeSeries, W: 16, H: 7, Unit: events,
			Shows: "What happened to accounts and sessions. Green is success, yellow a refusal, red what only an attacker or a bug does.",
			Bad:   "Refusals above one in two seconds for minutes (LoginFlood); any refresh_reuse: somebody used a refresh token twice, one of the two stole it.",
			Then:  "The runbook; the log lines with these event names have the client addresses.",
			Queries: []Query{
				{Expr: rate("auth_events_total", "event"), Legend: "{{event}}"},
			},
			Paint: []Paint{
				{"login_ok|refresh_ok|register|logout|password_change", good}, {"activate|deactivate", calm},
				{"login_bad_password|login_unknown_user|login_inactive|refresh_invalid|password_change_refused", theirs},
				{"login_locked|login_rate_limited", grave}, {"refresh_reuse", bad},
			},
			Links:    []grafana.DataLink{tagged("refused logins", "user", "http.response.status_code", "401")},
			Runbooks: []string{"LoginFlood", "RefreshTokenReused"},
		},
		{
			Title: "Hashing a password takes (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time to hash or check one password, without waiting for a turn.",
			Bad:   "Well above its usual height: the processor is short, and everything in user is slower.",
			Then:  "Logins and refusals beside this: a flood? Then the processors in the row on what is close to full.",
			Queries: []Query{
				{Expr: quantile("0.95", "auth_password_hash_duration_seconds_bucket") + " > 0", Legend: "p95", Exemplars: true, Quiet: "nobody logged in"},
			},
			Links: []grafana.DataLink{traces("Traces: logins", url.Values{"service": {"user"}, "operation": {"POST /login"}})}, Runbooks: []string{"LoginFlood"},
		},
	}
}

func saturation() []Panel {
	trace := []grafana.DataLink{slow(label("service"), "50ms")}
	const statements = "db_client_operation_duration_seconds"
	return []Panel{
		{
			Title: "Requests in flight", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "Requests that each service is working on.",
			Bad:   "Near 256 (the line) a service refuses what is beyond with 503.",
			Then:  "What are they waiting for? The slowest traces, then connections to the database beside this.",
			Queries: []Query{
				{Expr: "sum by (service) (http_server_active_requests)", Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(256, bad)), Lines: true, Links: trace,
		},
		{
			Title: "Database connections in use", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: ratio,
			Shows: "The part of each service's pool that is in use.",
			Bad:   "At 100 % requests wait for a connection (the next panel).",
			Then:  "Slow statements or too many requests? Compare with the statements' time; see the runbook before making a pool larger.",
			Queries: []Query{
				{Expr: `sum by (service) (db_pool_connections{state="used"}) / sum by (service) (db_pool_connections{state="max"})`, Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(0.8, grave), at(1, bad)), Lines: true, Max: limit(1), Links: trace, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Requests waiting for a connection", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "How many requests wait for a database connection on average (seconds waited in each second).",
			Bad:   "Above 1 for longer than a burst.",
			Then:  "The pool is too small for the load, or statements are slow: the panel to the right.",
			Queries: []Query{
				{Expr: rate("db_pool_wait_seconds_total", "service"), Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(1, grave)), Lines: true, Links: trace,
		},
		{
			Title: "Statements take (p95)", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: seconds,
			Shows: "Time that 95 % of a service's SQL statements stay below, waiting for a connection included.",
			Bad:   "Above 50 ms in product or order: their goals can't be kept.",
			Then:  "Click a dot for a trace; its SQL spans name table and operation. Then PostgreSQL's own connections below.",
			Queries: []Query{
				{Expr: quantile("0.95", statements+"_bucket", "service"), Legend: "{{service}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true, Links: trace, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Failed statements", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: calls,
			Shows: "SQL statements that ended in an error, by service and kind.",
			Bad:   "unavailable or timeout: the database is away or hangs; its service answers 503. conflict in small numbers is daily life.",
			Then:  "The runbook. Services reconnect by themselves when the database is back.",
			Queries: []Query{
				{
					Expr:   rate(statements+`_count{error_type!=""}`, "service", "error_type") + " > 0",
					Legend: "{{service}} {{error_type}}", Quiet: "no statement fails",
				},
			},
			Paint:    []Paint{{".* (unavailable|timeout|internal)", bad}, {".*", theirs}},
			Links:    []grafana.DataLink{tagged("failed statements", label("service"), "error.type", label("error_type"))},
			Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "PostgreSQL connections", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "Connections that PostgreSQL has open, by database.",
			Bad:   "All together near its max_connections: new ones are refused. A gap: PostgreSQL is down, or its exporter.",
			Then:  "More replicas need more connections: lower the pools' limits or raise max_connections.",
			Queries: []Query{
				{Expr: `sum by (datname) (pg_stat_activity_count{datname=~".+_db"})`, Legend: "{{datname}}"},
			},
			Stacked: true, Runbooks: []string{"DatabaseUnavailable", "TargetDown"},
		},
		{
			Title: "Memory", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: bytes,
			Shows: "Resident memory of each service.",
			Bad:   "A line that only climbs for hours: a leak. Its end is a restart (blue mark).",
			Then:  "A heap profile from the admin port: go tool pprof http://HOST:ADMIN_PORT/debug/pprof/heap.",
			Queries: []Query{
				{Expr: `sum by (service) (process_resident_memory_bytes{job="shop"})`, Legend: "{{service}}"},
			},
		},
		{
			Title: "Processors", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: cores,
			Shows: "Processor time that each service uses, in cores.",
			Bad:   "At the container's limit, or all together at the machine's cores: everything waits.",
			Then:  "user: Logins and refusals (hashing). Others: a CPU profile from the admin port, go tool pprof http://HOST:ADMIN_PORT/debug/pprof/profile.",
			Queries: []Query{
				{Expr: rate(`process_cpu_seconds_total{job="shop"}`, "service"), Legend: "{{service}}"},
			},
		},
	}
}

func inventory() []Panel {
	return []Panel{
		{
			Title: "Can Prometheus read every target?", Kind: grafana.StateTimeline, W: 12, H: 11, Unit: plain,
			Shows: "Each target over time, by job and service: green was read, red was not.",
			Bad:   "Red; or a row that ends, which means that the target is not even known any more.",
			Then:  "Is the process there? Its log says why it went. Only its metrics away: the admin port or the network between.",
			Queries: []Query{
				{Expr: "min by (job, service) (up)", Legend: "{{job}} {{service}}"},
			},
			Steps: must1(), Words: []Word{{"0", "down", bad}, {"1", "up", good}},
			Runbooks: []string{"TargetDown"},
		},
		{
			Title: "What runs, and since when", Kind: grafana.Table, W: 12, H: 6, Unit: seconds,
			Shows: "Version and revision of each process, and how long it has run.",
			Bad:   "Two versions of one service outside a release; an age that is always small: it keeps restarting.",
			Then:  "Restarting: the log's last lines before each start, Memory and Processors above.",
			Queries: []Query{
				{
					Expr:   `(time() - process_start_time_seconds{job="shop"}) * on (job, instance) group_left (version, revision, go_version) shop_build_info`,
					Legend: "runs for",
				},
			},
			Columns: []Column{
				{Field: "service", Title: "service", Links: []grafana.DataLink{failed(cell("service"))}},
				{Field: "instance", Title: "instance"},
				{Field: "version", Title: "version"},
				{Field: "revision", Title: "revision"},
				{Field: "go_version", Title: "Go"},
				{Field: "runs for", Title: "runs for", Unit: seconds, Steps: upFrom(theirs, at(300, good))},
			},
			SortBy: "service", Rising: true,
		},
		{
			Title: "Do traces arrive?", Kind: grafana.TimeSeries, W: 12, H: 5, Unit: events,
			Shows: "Spans per second: taken in by Jaeger, refused, and lost on the way to its storage. Stored is less than taken in: ordinary traces are thinned out to 10 %.",
			Bad:   "Refused or lost above 0: Jaeger is short of memory or its disk is full. Nothing taken in while requests are served: the services can't reach it. They go on without.",
			Then:  "Jaeger's log and disk. The shop itself does not need it.",
			Queries: []Query{
				{Expr: rate(`otelcol_receiver_accepted_spans_total{job="jaeger"}`), Legend: "taken in"},
				{Expr: rate(`otelcol_exporter_sent_spans_total{job="jaeger", exporter="jaeger_storage_exporter"}`), Legend: "stored"},
				{Expr: rate(`otelcol_receiver_refused_spans_total{job="jaeger"}`), Legend: "refused"},
				{Expr: rate(`otelcol_exporter_send_failed_spans_total{job="jaeger"}`), Legend: "lost"},
			},
			Paint: []Paint{{"taken in", calm}, {"stored", good}, {"refused|lost", bad}}, Runbooks: []string{"TargetDown"},
		},
	}
}
