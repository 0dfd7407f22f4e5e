package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

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
