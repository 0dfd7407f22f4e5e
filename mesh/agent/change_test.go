package agent_test

import (
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/identity"
)

func TestANewConfigurationIsTaken(t *testing.T) {
	p := run(t, nil)
	p.answers("/version", "first")
	p.put("lds.yaml", listeners(p.door, "second", ""))
	p.put("version", "2")
	p.answers("/version", "second")
	p.metric(`mesh_agent_config_updates_total{result="taken"} 1`)
	p.metric("mesh_agent_restart_needed 0")
	p.put("bootstrap.yaml", strings.ReplaceAll(bootstrap(p.adminAddress(), filepath.Join(p.dir, "config")), "id: test", "id: other"))
	p.put("version", "3")
	p.metric("mesh_agent_restart_needed 1")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestABadConfigurationLeavesTheOldServing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil, repair func(*pod)
		says          string
	}{
		"the policy has an error": {
			func(p *pod) { p.put("fault", "mesh.yaml:3: services: must be a map") },
			func(p *pod) { p.put("fault", "") },
			"mesh.yaml:3: services: must be a map",
		},
		"Envoy refuses it": {
			func(p *pod) {
				p.put("lds.yaml", strings.ReplaceAll(listeners(p.door, "bad", ""), "cluster: app", "cluster: other"))
			},
			func(*pod) {},
			"Envoy refuses it",
		},
		"Envoy can't read it": {
			func(p *pod) { p.put("lds.yaml", "resources: [") },
			func(*pod) {},
			"Envoy refuses it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := run(t, nil)
			p.answers("/version", "first")
			c.spoil(p)
			p.put("version", "2")
			p.metric("mesh_agent_config_good 0")
			p.metric(`mesh_agent_config_updates_total{result="refused"} 1`)
			p.answers("/version", "first")
			p.answers("/", "application")
			p.put("version", "3") // As bad as the one before.
			p.metric(`mesh_agent_config_updates_total{result="refused"} 2`)
			if p.said(c.says) != 1 || p.said("Envoy serves with the old one") != 1 {
				t.Error("there is not one clear message")
			}
			c.repair(p)
			p.put("lds.yaml", listeners(p.door, "second", ""))
			p.put("version", "4")
			p.answers("/version", "second")
			p.metric("mesh_agent_config_good 1")
			p.signal(syscall.SIGTERM)
			p.ends(0)
		})
	}
}

func TestANewCertificateIsToldAndABadOneLeavesTheOldServing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	certificates(t, dir, "user")
	p := run(t, func(o *played, p *pod) {
		o.Certs, o.Workload = dir, "user"
		p.put("sds.yaml", secret(dir))
		p.put("lds.yaml", listeners(p.door, "first", transport(filepath.Join(o.Config, "sds.yaml"))))
	})
	first := p.serves("user")
	certificates(t, dir, "user")
	p.metric("mesh_agent_certificate_renewals_total 1")
	var second string
	testkit.Eventually(t, patience, func() bool { second = p.serves("user"); return second != first }, "Envoy takes the new certificate")

	good, err := identity.Read(dir)
	must(t, err)
	certificates(t, dir, "user")
	other, err := identity.Read(dir)
	must(t, err)
	p.metric("mesh_agent_certificate_renewals_total 2")
	testkit.Eventually(t, patience, func() bool { first = p.serves("user"); return first != second }, "Envoy takes the third certificate")
	bad := other
	bad.Key = good.Key
	must(t, identity.Write(dir, bad, identity.Owner{}, time.Now()))
	p.metric("mesh_agent_certificate_good 0")
	if got := p.serves("user"); got != first {
		t.Error("the old certificate does not serve")
	}
	must(t, identity.Write(dir, good, identity.Owner{}, time.Now()))
	p.metric("mesh_agent_certificate_good 1")
	testkit.Eventually(t, patience, func() bool { return p.serves("user") == second }, "Envoy takes the certificate that is good again")
	if p.said("the certificate can't be used; Envoy serves with the one it has") != 1 {
		t.Error("there is not one clear message")
	}
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// serves returns the serial number of the certificate that the pod shows.
func (p *pod) serves(name string) string {
	p.t.Helper()
	conn, err := tls.Dial("tcp", p.door, &tls.Config{InsecureSkipVerify: true}) // What it is, is looked at below.
	must(p.t, err)
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	if leaf.URIs[0].String() != identity.URI(name) {
		p.t.Errorf("the pod shows %v", leaf.URIs)
	}
	return leaf.SerialNumber.String()
}

func secret(dir string) string {
	return fmt.Sprintf(`
resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: workload
  tls_certificate:
    certificate_chain: {filename: "%s/tls.crt"}
    private_key: {filename: "%s/tls.key"}
    watched_directory: {path: %q}
`, dir, dir, dir)
}

func transport(sds string) string {
	return fmt.Sprintf(`
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
        common_tls_context:
          tls_certificate_sds_secret_configs:
          - {name: workload, sds_config: {resource_api_version: V3, path_config_source: {path: %q}}}
`, sds)
}
