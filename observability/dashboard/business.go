package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

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
