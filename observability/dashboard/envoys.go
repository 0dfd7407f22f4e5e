package dashboard

import "shop/observability/grafana"

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
			Steps: oneIsGood(), Words: []Word{{"0", "no", bad}, {"1", "good", good}}, Runbooks: []string{"MeshConfigRejected", "CertificateRotationFailed", "TargetDown"},
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
