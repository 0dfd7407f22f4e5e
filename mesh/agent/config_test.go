package agent_test

import (
	"fmt"
	"strings"
)

// The configuration of the tests' Envoy, as small as it can be.

func socket(address string) string {
	host, port, _ := strings.Cut(address, ":")
	return fmt.Sprintf("socket_address: {address: %s, port_value: %s}", host, port)
}

func bootstrap(admin, dir string) string {
	return fmt.Sprintf(`
node: {id: test, cluster: test}
admin: {address: {%s}}
dynamic_resources:
  cds_config: {resource_api_version: V3, path_config_source: {path: "%s/cds.yaml", watched_directory: {path: %q}}}
  lds_config: {resource_api_version: V3, path_config_source: {path: "%s/lds.yaml", watched_directory: {path: %q}}}
`, admin, dir, dir, dir, dir)
}

func clusters(app string) string {
	return fmt.Sprintf(`
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: app
  type: STATIC
  connect_timeout: 1s
  load_assignment: {cluster_name: app, endpoints: [{lb_endpoints: [{endpoint: {address: {%s}}}]}]}
`, socket(app))
}

// listeners is one at door: /version answers text, /readyz is a health check, and
// all else goes to the application. tls is a transport socket, or nothing.
func listeners(door, text, tls string) string {
	return fmt.Sprintf(`
resources:
- "@type": type.googleapis.com/envoy.config.listener.v3.Listener
  name: inbound
  traffic_direction: INBOUND
  address: {%s}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: inbound
        route_config:
          virtual_hosts:
          - name: all
            domains: ["*"]
            routes:
            - {match: {path: /version}, direct_response: {status: 200, body: {inline_string: %s}}}
            - {match: {prefix: /}, route: {cluster: app}}
        http_filters:
        - name: envoy.filters.http.health_check
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck
            pass_through_mode: true
            headers: [{name: ":path", string_match: {exact: /readyz}}]
        - name: envoy.filters.http.router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
%s`, socket(door), text, tls)
}
