package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

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
			Steps: nonzero(bad), Lines: true, Links: []grafana.DataLink{tagged("refused calls", "user-sidecar", "http.response.status_code", "403")},
		},
	}
}
