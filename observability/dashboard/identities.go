package dashboard

import (
	"net/url"
	"strings"

	"shop/observability/grafana"
)

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
			Steps: nonzero(bad), Lines: true, Runbooks: []string{"CertificateExpiring", "CertificateRotationFailed"},
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
			Steps: nonzero(bad), Lines: true, Links: []grafana.DataLink{tagged("refused calls", label("service")+"-sidecar", "http.response.status_code", "403")},
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
