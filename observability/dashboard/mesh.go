package dashboard

import (
	"net/url"
	"strings"

	"shop/observability/grafana"
)

const (
	doors = `service="edge", envoy_http_conn_manager_prefix=~"public_.*"` // Of the edge, one for each service.
	// Clusters of other services; app, admin and otlp are parts of an Envoy's own place.
	peers = `envoy_cluster_name=~"user|product|order|notification"`
	// Calls that the policy names, on the caller's side.
	named = `envoy_virtual_cluster!="other", envoy_virtual_host!="mesh"`
)

func mesh() Board {
	return Board{
		UID: "shop-mesh", Title: "Mesh",
		About: "The edge, the sidecars and what they do to requests: who gets in, which call between services hurts, which replica is out, whose certificate ends.",
		Questions: []Question{
			{Ask: "Does the edge let people in, and quickly?", Panels: append(edgeFigures(), edge()...)},
			{Ask: "Which call between services hurts?", Panels: hops()},
			{Ask: "Are all replicas there and healthy?", Closed: true, Panels: replicas()},
			{Ask: "Does a breaker or a limit hold something back?", Closed: true, Panels: limits()},
			{Ask: "Are identities good, and who is refused?", Closed: true, Panels: identities()},
			{Ask: "Is each Envoy itself well?", Closed: true, Panels: envoys()},
		},
	}
}

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
			Steps: any0(bad),
		},
		{
			Title: "Replicas not used", Kind: grafana.Stat, W: 4, H: 3, Unit: number, Spark: true,
			Shows: "Replicas that some Envoy does not send to, because health checks or failures say so.",
			Bad:   "Anything that stays longer than a release or a scaling.",
			Then:  "The row on replicas says whose, and who thinks so.",
			Queries: []Query{
				{Expr: "sum(max by (envoy_cluster_name) (envoy_cluster_membership_total{" + peers + "} - envoy_cluster_membership_healthy{" + peers + "}))", Legend: "replicas"},
			},
			Steps: any0(bad), Runbooks: []string{"EndpointsUnhealthy", "EndpointsEjected"},
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
				{Field: "failed", Title: "failed", Unit: ratio, Width: 80, Steps: any0(bad)},
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

// toward is the legend of what an Envoy thinks of a service that it calls.
const toward = "{{mesh_service}} → {{envoy_cluster_name}}"

// counted is the rate of a counter of Envoy's clusters, 0 where it has not moved
// yet: only then Envoy shows it.
func counted(series string) string {
	const by = "sum by (mesh_service, envoy_cluster_name) "
	return by + "(rate(" + series + "{" + peers + "}[" + Interval + "]))\nor\n0 * " + by + "(envoy_cluster_membership_total{" + peers + "})"
}

func replicas() []Panel {
	trace := []grafana.DataLink{failed(label("envoy_cluster_name")), failed(label("mesh_service") + "-sidecar")}
	return []Panel{
		{
			Title: "The part of the replicas that is used", Kind: grafana.StateTimeline, W: 12, H: 8, Unit: ratio,
			Shows: "For each caller, how many of the callee's known replicas it sends to: green all, orange some, red none.",
			Bad:   "A red row: that caller fails. All rows of one callee: that service is away. A row that ends: DNS knows no replica.",
			Then:  "Is the callee ready (/readyz), is its database there (Overview)?",
			Queries: []Query{
				{Expr: "min by (mesh_service, envoy_cluster_name) (envoy_cluster_membership_healthy{" + peers + "} / (envoy_cluster_membership_total{" + peers + "} > 0))", Legend: toward},
			},
			Steps: upFrom(bad, at(0.01, grave), at(1, good)), Runbooks: []string{"EndpointsUnhealthy"},
		},
		{
			Title: "Replicas put aside after failures", Kind: grafana.TimeSeries, W: 12, H: 8, Unit: number,
			Shows: "Replicas that an Envoy sends nothing to for some seconds, because they failed five times in a row or could not be reached three times.",
			Bad:   "The same replica again and again: it answers its health checks and fails its work.",
			Then:  "Its log; take it out (scale down, restart) before you look for why.",
			Queries: []Query{
				{Expr: "max by (mesh_service, envoy_cluster_name) (envoy_cluster_outlier_detection_ejections_active{" + peers + "})\nor\n0 * max by (mesh_service, envoy_cluster_name) (envoy_cluster_membership_total{" + peers + "})", Legend: toward},
			},
			Steps: any0(bad), Lines: true, Links: trace, Runbooks: []string{"EndpointsEjected"},
		},
		{
			Title: "Health checks that failed", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: calls,
			Shows: "Checks of /readyz that the callee answered badly or not at all.",
			Bad:   "Anything outside a release.",
			Then:  "Not ready by its own word: its database is away. No answer: it hangs, or the network between.",
			Queries: []Query{
				{Expr: counted("envoy_cluster_health_check_failure"), Legend: toward},
			},
			Links: trace, Runbooks: []string{"EndpointsUnhealthy"},
		},
		{
			Title: "Connections that failed", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: calls,
			Shows: "Connections between sidecars that could not be made, handshakes included.",
			Bad:   "Anything that stays: a process is gone, or its certificate is not accepted.",
			Then:  "Handshakes in the row on identities tell which of the two.",
			Queries: []Query{
				{Expr: counted("envoy_cluster_upstream_cx_connect_fail"), Legend: toward},
			},
			Links: trace, Runbooks: []string{"EndpointsUnhealthy", "CertificateExpiring"},
		},
	}
}

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
			Steps: any0(bad), Links: []grafana.DataLink{tagged("refused by a breaker", label("mesh_service")+"-sidecar", "response_flags", "UO")}, Runbooks: []string{"MeshBreakerOpen"},
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

func identities() []Panel {
	return []Panel{
		{
			Title: "Life left of each certificate", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "How long the certificate that each Envoy uses is still good. A healthy line is a saw: a day down to a third, and up again.",
			Bad:   "A line that goes on down: the renewal does not come, or Envoy did not take it.",
			Then:  "Renewals, to the right: made? The agent: good? Then the runbook.",
			Queries: []Query{
				{Expr: "mesh_service:certificate_life_left_seconds:min", Legend: "{{mesh_service}}"},
			},
			Steps: upFrom(bad, at(2*3600, grave), at(6*3600, good)), Lines: true, Runbooks: []string{"CertificateExpiring"},
		},
		{
			Title: "Certificates taken by Envoys, last hour", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "How often each Envoy took a new certificate or a new root from its files.",
			Bad:   "Many: something rewrites them without need. failed above 0: key and certificate don't belong together, the old ones stay in use.",
			Then:  "The authority's log and the runbook.",
			Queries: []Query{
				{Expr: `max by (service) (increase({__name__=~"envoy_(listener_server|cluster_client)_ssl_socket_factory_ssl_context_update_by_sds"}[1h]))`, Legend: "{{service}} taken"},
				{Expr: orZero(occurred("1h", "envoy_sds_key_rotation_failed", "service"), "service"), Legend: "{{service}} failed"},
			},
			Paint: []Paint{{".* taken", calm}, {".* failed", bad}}, Runbooks: []string{"CertificateRotationFailed"},
		},
		{
			Title: "The authority: issued and failed, last hour", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Certificates that the authority wrote, by identity, and those that were due and could not be written.",
			Bad:   "failed above 0.",
			Then:  "Its disk and rights; its log names the identity. There is about 8 hours' time.",
			Queries: []Query{
				{Expr: "sum by (identity) (increase(mesh_ca_rotations_total[1h]))", Legend: "{{identity}} issued"},
				{Expr: "sum by (identity) (increase(mesh_ca_rotation_failures_total[1h]))", Legend: "{{identity}} failed"},
			},
			Paint: []Paint{{".* issued", calm}, {".* failed", bad}}, Runbooks: []string{"CertificateRotationFailed", "CertificateExpiring"},
		},
		{
			Title: "Handshakes refused, 5 minutes", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Connections to sidecars of the last 5 minutes that showed no certificate, or one that is not accepted, or broke in the handshake.",
			Bad:   "Anything that stays: a certificate of another root, an expired one, or a stranger at the mesh's port.",
			Then:  "Who connects? The sidecar's log has the address; compare with Connections that failed.",
			Queries: []Query{
				{Expr: orZero(refusedHandshakes(), "service"), Legend: "{{service}} {{why}}"},
			},
			Steps: any0(bad), Lines: true, Runbooks: []string{"CertificateExpiring", "CertificateRotationFailed"},
		},
		{
			Title: "Calls allowed, by line of the policy", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: requests,
			Shows: "Calls that sidecars let through, by the line of mesh.yaml that allows them; health checks left out.",
			Bad:   "A call that you don't know. A line that is never used can be taken out.",
			Then:  "mesh/mesh.yaml, calls.",
			Queries: []Query{
				{Expr: rate(`envoy_http_rbac_policy_allowed{envoy_rbac_policy_name!="health"}`, "service", "envoy_rbac_policy_name"), Legend: "{{service}}: {{envoy_rbac_policy_name}}"},
			},
			Links: []grafana.DataLink{traces("Traces of the sidecar", url.Values{"service": {label("service") + "-sidecar"}})},
		},
		{
			Title: "Calls refused by policy, 5 minutes", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Calls of the last 5 minutes that a sidecar refused with 403 because the caller may not make them.",
			Bad:   "Anything above 0.",
			Then:  "The access log names the caller's identity (peer) and path. A new call needs a line in mesh.yaml.",
			Queries: []Query{
				{Expr: orZero(occurred(recent, "envoy_http_rbac_denied", "service"), "service"), Legend: "{{service}}"},
			},
			Steps: any0(bad), Lines: true, Links: []grafana.DataLink{tagged("refused calls", label("service")+"-sidecar", "http.response.status_code", "403")},
		},
	}
}

// refusedHandshakes counts them by why. Each reason is a counter of its own.
func refusedHandshakes() string {
	var all []string
	for _, reason := range []struct{ counter, why string }{
		{"fail_verify_no_cert", "no certificate"}, {"fail_verify_error", "not of our root, or too old"}, {"fail_verify_san", "no identity that may call"},
		{"connection_error", "broken off"},
	} {
		all = append(all, labelled(occurred(recent, "envoy_listener_ssl_"+reason.counter, "service"), "why", reason.why))
	}
	return strings.Join(all, "\nor\n")
}

// untraced is why there may be no figures of a collector.
const untraced = "Envoys know a collector only where tracing is on"

func envoys() []Panel {
	return []Panel{
		{
			Title: "Memory", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: bytes,
			Shows: "Memory that each Envoy holds.",
			Bad:   "A line that only climbs.",
			Then:  "Connections and requests in flight; else an Envoy bug: restart that one, its service drains first.",
			Queries: []Query{
				{Expr: "max by (service) (envoy_server_memory_physical_size)", Legend: "{{service}}"},
			},
		},
		{
			Title: "Configuration taken and refused, last hour", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "New listeners and clusters from files, and those that Envoy refused: the old ones serve on.",
			Bad:   "refused above 0.",
			Then:  "Envoy's log says which field; mesh validate finds it before.",
			Queries: []Query{
				{Expr: `sum by (service) (increase(envoy_listener_manager_lds_update_success[1h])) + sum by (service) (increase(envoy_cluster_manager_cds_update_success[1h]))`, Legend: "{{service}} taken"},
				{Expr: orZero(occurred("1h", "envoy_listener_manager_lds_update_rejected", "service"), "service"), Legend: "{{service}} listeners refused"},
				{Expr: orZero(occurred("1h", "envoy_cluster_manager_cds_update_rejected", "service"), "service"), Legend: "{{service}} clusters refused"},
			},
			Paint: []Paint{{".* taken", calm}, {".* refused", bad}}, Runbooks: []string{"MeshConfigRejected"},
		},
		{
			Title: "Agents", Kind: grafana.StateTimeline, W: 8, H: 7, Unit: plain,
			Shows: "What each agent says of its Envoy: serving, configuration and certificate good.",
			Bad:   "Red: it drains, or its newest configuration or certificate could not be used.",
			Then:  "The agent's log.",
			Queries: []Query{
				{Expr: "min by (service) (mesh_agent_serving)", Legend: "{{service}} serving"},
				{Expr: "min by (service) (mesh_agent_config_good)", Legend: "{{service}} configuration"},
				{Expr: "min by (service) (mesh_agent_certificate_good)", Legend: "{{service}} certificate"},
			},
			Steps: must1(), Words: []Word{{"0", "no", bad}, {"1", "good", good}}, Runbooks: []string{"MeshConfigRejected", "CertificateRotationFailed", "TargetDown"},
		},
		{
			Title: "Open connections", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Connections that each Envoy has, to both sides.",
			Bad:   "Climbing without an end, or a saw of seconds: clients that don't keep connections alive.",
			Then:  "The edge's access log: who?",
			Queries: []Query{
				{Expr: "max by (service) (envoy_server_total_connections)", Legend: "{{service}}"},
			},
		},
		{
			Title: "Runs for", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "How long each Envoy has run: a saw shows restarts.",
			Bad:   "Teeth without a release.",
			Then:  "The log of its agent, or of whoever starts it.",
			Queries: []Query{
				{Expr: "max by (service) (envoy_server_uptime)", Legend: "{{service}}"},
			},
			Runbooks: []string{"TargetDown"},
		},
		{
			Title: "Spans on their way to Jaeger", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: calls,
			Shows: "Exports of spans by each Envoy, and connections to Jaeger that failed.",
			Bad:   "failed connections: Jaeger is away. Requests go on, their traces have holes.",
			Then:  "Overview: Do traces arrive?",
			Queries: []Query{
				{Expr: rate(`envoy_cluster_upstream_rq_total{envoy_cluster_name="otlp"}`, "service"), Legend: "{{service}} sends", Quiet: untraced},
				{
					Expr:   rate(`envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name="otlp"}`, "service"),
					Legend: "{{service}} fails", Quiet: untraced,
				},
			},
			Paint: []Paint{{".* sends", calm}, {".* fails", bad}}, Links: []grafana.DataLink{to("shop-overview", "Overview and SLO")}, Runbooks: []string{"TargetDown"},
		},
	}
}
