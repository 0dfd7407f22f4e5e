package dashboard

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
