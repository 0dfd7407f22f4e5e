package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

func edgeFigures() []Panel {
	return []Panel{
		{
			Title: "Requests at the edge", Kind: grafana.Stat, W: 4, H: 3, Unit: requests, Spark: true,
			Shows: "Requests per second from outside.",
			Bad:   "0, or a fall without a reason.",
			Then:  "Can the edge be reached from outside: DNS, load balancer, its port?",
			Queries: []Query{
				{Expr: rate("envoy_http_downstream_rq_xx{" + doors + "}"), Legend: "requests"},
			},
		},
		{
			Title: "Answered with 5xx", Kind: grafana.Stat, W: 4, H: 3, Unit: ratio, Spark: true,
			Shows: "The part of the requests from outside that got a 5xx, the edge's own included.",
			Bad:   "Above 0.1 %.",
			Then:  "More than the services say (Overview): the edge can't reach them; the table below shows which.",
			Queries: []Query{
				{Expr: fails(Interval, "envoy_http_downstream_rq_xx", doors, `envoy_response_code_class="5"`), Legend: "5xx"},
			},
			Steps: upFrom(good, at(0.0001, theirs), at(0.001, bad)), Runbooks: []string{"EndpointsUnhealthy"},
		},
		{
			Title: "Clients slowed down", Kind: grafana.Stat, W: 4, H: 3, Unit: requests, Spark: true,
			Shows: "Requests that were refused with 429 because their client had sent too many.",
			Bad:   "Not by itself: it is the protection working. Many for minutes: a flood, or a limit too low for a real client.",
			Then:  "The edge's access log has the clients' addresses for these lines; limits are in mesh/mesh.yaml, edge.",
			Queries: []Query{
				{Expr: orNone(rate(`envoy_http_local_rate_limit_rate_limited{service="edge"}`)), Legend: "429"},
			},
			Steps: upFrom(good, at(0.1, theirs)), Runbooks: []string{"LoginFlood"},
		},
		{
			Title: "Refused between services", Kind: grafana.Stat, W: 4, H: 3, Unit: number, Spark: true,
			Shows: "Calls of the last 5 minutes that a sidecar refused because the caller's identity may not make them.",
			Bad:   "Anything above 0.",
			Then:  "The row on identities says where; a call is missing in mesh/mesh.yaml, or somebody inside tries doors.",
			Queries: []Query{
				{Expr: orNone(occurred(recent, "envoy_http_rbac_denied")), Legend: "refused"},
			},
			Steps: nonzero(bad),
		},
		{
			Title: "Replicas not used", Kind: grafana.Stat, W: 4, H: 3, Unit: number, Spark: true,
			Shows: "Replicas that some Envoy does not send to, because health checks or failures say so.",
			Bad:   "Anything that stays longer than a release or a scaling.",
			Then:  "The row on replicas says whose, and who thinks so.",
			Queries: []Query{
				{Expr: "sum(max by (envoy_cluster_name) (envoy_cluster_membership_total{" + peers + "} - envoy_cluster_membership_healthy{" + peers + "}))", Legend: "replicas"},
			},
			Steps: nonzero(bad), Runbooks: []string{"EndpointsUnhealthy", "EndpointsEjected"},
		},
		{
			Title: "Next certificate ends in", Kind: grafana.Stat, W: 4, H: 3, Unit: seconds,
			Shows: "Life left of the certificate in use that ends first. They live for a day and are renewed when a third is left.",
			Bad:   "Below 6 h it is late, below 2 h somebody is called: at 0 nobody talks to that service.",
			Then:  "The row on identities: is the authority there, does it renew?",
			Queries: []Query{
				{Expr: "min(mesh_service:certificate_life_left_seconds:min)", Legend: "left"},
			},
			Steps: upFrom(bad, at(2*3600, grave), at(6*3600, good)), Runbooks: []string{"CertificateExpiring"},
		},
	}
}

func edge() []Panel {
	return []Panel{
		{
			Title: "Requests from outside, by status", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: requests, Stacked: true,
			Shows: "What clients got at the edge, by class of status.",
			Bad:   "Red. A wall of yellow: 401 and 404 of a broken client, or 429 of a flood.",
			Then:  "Red: the table below for the service. Yellow: who is refused, further down.",
			Queries: []Query{
				{Expr: rate("envoy_http_downstream_rq_xx{"+doors+"}", "envoy_response_code_class"), Legend: "{{envoy_response_code_class}}xx"},
			},
			Paint: classes(),
			Links: []grafana.DataLink{failed("edge"), to("shop-overview", "Overview and SLO")},
		},
		{
			Title: "Clients wait (p95), by door", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: seconds, Log: true,
			Shows: "Time from a request's first byte at the edge to the answer's last, by the service behind the door. It includes the client's own line.",
			Bad:   "Well above what the service itself says (Overview): the edge, the network or slow clients.",
			Then:  "The traces of the edge: which child is long? public_user is slow on purpose at logins.",
			Queries: []Query{
				{Expr: ms(quantile("0.95", "envoy_http_downstream_rq_time_bucket{"+doors+"}", "envoy_http_conn_manager_prefix")), Legend: "{{envoy_http_conn_manager_prefix}}"},
			},
			Links: []grafana.DataLink{slow("edge", "250ms"), to("shop-overview", "Overview and SLO")},
		},
	}
}

func hops() []Panel {
	by := []string{"mesh_service", "envoy_virtual_host", "envoy_virtual_cluster"}
	rq := func(series string) string { return "envoy_vhost_vcluster_upstream_rq_" + series + "{" + named + "}" }
	sidecar := cell("mesh_service") + "-sidecar"
	return []Panel{
		{
			Title: "Calls between services, last 5 minutes", Kind: grafana.Table, W: 14, H: 7, Unit: requests,
			Shows: "Every call that the policy allows and that was made, as the caller's sidecar saw it, tries included.",
			Bad:   "A failed part that is not 0; tried again above 1 %: a replica fails and retries hide it.",
			Then:  "Click the call for its traces. Callee's own figures are good: look at the network and at certificates.",
			Queries: []Query{
				{Expr: rateIn(recent, rq("total"), by...) + " > 0", Legend: "rate"},
				{Expr: fails(recent, "envoy_vhost_vcluster_upstream_rq_xx", named, `envoy_response_code_class="5"`, by...), Legend: "failed"},
				{
					Expr: rateIn(recent, rq("retry"), by...) + "\n/\n" + rateIn(recent, rq("total"), by...) + "\nor\n0 * " + rateIn(recent, rq("total"), by...), Legend: "again",
				},
				{Expr: ms(quantileIn(recent, "0.95", rq("time_bucket"), by...)) + " > 0", Legend: "p95"},
			},
			Columns: []Column{
				{Field: "mesh_service", Title: "from"},
				{Field: "envoy_virtual_host", Title: "to"},
				{Field: "envoy_virtual_cluster", Title: "call", Links: []grafana.DataLink{
					traces("Traces: failed", url.Values{"service": {sidecar}}, "error", "true"),
					traces("Traces of the caller's sidecar", url.Values{"service": {sidecar}}),
				}},
				{Field: "rate", Title: "calls", Unit: requests, Width: 100},
				{Field: "failed", Title: "failed", Unit: ratio, Width: 80, Steps: nonzero(bad)},
				{Field: "again", Title: "tried again", Unit: ratio, Width: 100, Steps: upFrom(good, at(0.01, grave), at(0.1, bad))},
				{Field: "p95", Title: "p95", Unit: seconds, Width: 80},
			},
			SortBy: "calls",
		},
		{
			Title: "Calls that failed", Kind: grafana.TimeSeries, W: 10, H: 7, Unit: requests,
			Shows: "Calls that ended in 5xx or nowhere after all tries, by caller and callee.",
			Bad:   "Anything that stays. All callers of one callee: that service. One caller alone: its sidecar or certificate.",
			Then:  "Validate-token hop for calls to user; else the failed traces of the caller's sidecar.",
			Queries: []Query{
				{
					Expr: "sum by (mesh_service, envoy_cluster_name) (rate(envoy_cluster_upstream_rq_xx{" + peers + `, envoy_response_code_class="5"}[` + Interval + "]))\nor\n" +
						"0 * sum by (mesh_service, envoy_cluster_name) (envoy_cluster_membership_total{" + peers + "})",
					Legend: "{{mesh_service}} → {{envoy_cluster_name}}",
				},
			},
			Links:    []grafana.DataLink{failed(label("mesh_service") + "-sidecar"), to("shop-validate-token", "Validate-token hop")},
			Runbooks: []string{"ValidateTokenAvailabilityBurn", "EndpointsUnhealthy"},
		},
	}
}
