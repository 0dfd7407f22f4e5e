package dashboard

import "shop/observability/grafana"

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
			Steps: nonzero(bad), Lines: true, Links: trace, Runbooks: []string{"EndpointsEjected"},
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
