package dashboard

import "shop/observability/grafana"

func limits() []Panel {
	return []Panel{
		{
			Title: "Calls that breakers refused", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Calls that were not sent because too many to that service were under way or waiting.",
			Bad:   "Anything that stays: that many callers got 503 at once.",
			Then:  "The callee is slow (Overview): calls pile up. Raise a breaker only where the callee could do more.",
			Queries: []Query{
				{Expr: counted("envoy_cluster_upstream_rq_active_overflow"), Legend: toward + ", under way"},
				{Expr: counted("envoy_cluster_upstream_rq_pending_overflow"), Legend: toward + ", waiting"},
			},
			Steps: nonzero(bad), Links: []grafana.DataLink{tagged("refused by a breaker", label("mesh_service")+"-sidecar", "response_flags", "UO")}, Runbooks: []string{"MeshBreakerOpen"},
		},
		{
			Title: "Room before a breaker opens", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "How many more calls each Envoy lets through to each service at the same time (512 at most).",
			Bad:   "Near 0.",
			Then:  "As to the left.",
			Queries: []Query{
				{Expr: "min by (mesh_service, envoy_cluster_name) (envoy_cluster_circuit_breakers_default_remaining_rq{" + peers + "})", Legend: toward},
			},
			Steps: upFrom(bad, at(1, grave), at(64, good)), Links: []grafana.DataLink{slow(label("envoy_cluster_name"), "500ms")}, Runbooks: []string{"MeshBreakerOpen"},
		},
		{
			Title: "Tries that the budget did not allow", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Retries that were not made because more than a tenth of all calls were retries already.",
			Bad:   "Anything that stays: the callee fails for everybody, and the budget keeps it from being flooded.",
			Then:  "Mend the callee; don't raise the budget.",
			Queries: []Query{
				{Expr: counted("envoy_cluster_upstream_rq_retry_overflow"), Legend: toward},
			},
			Links: []grafana.DataLink{failed(label("envoy_cluster_name"))}, Runbooks: []string{"MeshBreakerOpen"},
		},
		{
			Title: "Clients at the edge: let in and slowed down", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Requests within their client's rate, and those answered with 429.",
			Bad:   "Red that lasts.",
			Then:  "The edge's access log has the addresses; Overview: Logins and refusals.",
			Queries: []Query{
				{Expr: rate(`envoy_http_local_rate_limit_ok{service="edge"}`), Legend: "let in"},
				{Expr: orNone(rate(`envoy_http_local_rate_limit_rate_limited{service="edge"}`)), Legend: "slowed down"},
			},
			Paint: []Paint{{"let in", good}, {"slowed down", bad}}, Links: []grafana.DataLink{tagged("answered with 429", "edge", "http.response.status_code", "429")}, Runbooks: []string{"LoginFlood"},
		},
		{
			Title: "Memory, of what an Envoy may use", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: ratio,
			Shows: "Each Envoy's heap as a part of its limit.",
			Bad:   "At 90 % it gives memory back, at 95 % it takes no new requests.",
			Then:  "Many connections (next panel), or large bodies in flight: find the client.",
			Queries: []Query{
				{Expr: "max by (service) (envoy_overload_envoy_resource_monitors_fixed_heap_pressure) / 100", Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(0.8, grave), at(0.95, bad)), Lines: true, Max: limit(1),
		},
		{
			Title: "Connections, of what an Envoy may have", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: ratio,
			Shows: "Open connections as a part of each Envoy's limit (edge 20,000, sidecars 5,000).",
			Bad:   "Near 100 % new clients are refused.",
			Then:  "Idle ones end after a minute: who opens so many?",
			Queries: []Query{
				{Expr: "max by (service) (envoy_overload_envoy_resource_monitors_global_downstream_max_connections_pressure) / 100", Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(0.8, grave), at(0.95, bad)), Lines: true, Max: limit(1),
		},
	}
}
