package dashboard

import "shop/observability/grafana"

// The series of the hop, from the caller inwards. The sidecars count milliseconds.
const (
	hopCaller  = "auth_validate_token_client_duration_seconds"
	hopSidecar = "envoy_vhost_vcluster_upstream_rq_time"
	hopHandler = "auth_validate_token_server_duration_seconds"

	// What a cache answered is no hop.
	askedBy   = `service=~"$caller", outcome!="cached"`
	egressOf  = `envoy_virtual_cluster="validate_token", envoy_virtual_host="user", mesh_service=~"$caller"`
	inboundOf = `envoy_virtual_cluster="validate_token", envoy_virtual_host="mesh", mesh_service="user"`
)

func validateToken() Board {
	quantiles := grafana.Variable{
		Name: "quantile", Label: "Quantile", Description: "Which part of the calls is faster than the lines of the four places say.",
		Type: "custom", Query: "p50 : 0.5,p95 : 0.95,p99 : 0.99", Current: grafana.Current{Text: "p95", Value: "0.95"},
		Options: []grafana.Option{{Text: "p50", Value: "0.5"}, {Selected: true, Text: "p95", Value: "0.95"}, {Text: "p99", Value: "0.99"}},
	}
	return Board{
		UID: "shop-validate-token", Title: "Validate-token hop",
		About:     "Every authenticated request asks the user service whose token it carries. This hop, seen from the caller, its sidecar, the user service's sidecar and the handler: the place where it gets slow or fails is the one whose line rises while those further in stay low.",
		Variables: []grafana.Variable{choice("caller", "Caller", "Whose calls are shown.", "product", "order", "notification"), quantiles},
		Questions: []Question{
			{Ask: "Does the hop keep its promise, and where does its time go?", Panels: append(hopFigures(), hopPlaces()...)},
			{Ask: "How do the calls end, and for whom do they fail?", Panels: hopEnds()},
			{Ask: "What do the sidecars do about failures, and do they help?", Closed: true, Panels: hopMesh()},
			{Ask: "What does the user service answer, and what slows it?", Closed: true, Panels: hopUser()},
			{Ask: "What does one slow call look like?", Closed: true, Panels: hopSlow()},
		},
	}
}
