package meshtest

import (
	"net/http"
	"testing"

	"shop/mesh/policy"
	"shop/mesh/render"
)

// Mesh is the places and identities of all workloads of a policy, and the Envoys
// that a test has started of them.
type Mesh struct {
	Policy *policy.Policy
	Places map[string]render.Place // By workload. Change one before its Envoy starts.
	Roots  *Roots
	Envoys map[string]*Envoy // By workload.

	t testing.TB
}

// New gives every workload of p a place and a certificate.
func New(t testing.TB, p *policy.Policy) *Mesh {
	t.Helper()
	m := &Mesh{Policy: p, Places: Places(t, p), Roots: NewRoots(t), Envoys: map[string]*Envoy{}, t: t}
	for workload, at := range m.Places {
		m.Roots.Give(at.Certs, p.Identity(workload))
	}
	return m
}

// Start starts the Envoys of these workloads.
func (m *Mesh) Start(workloads ...string) {
	m.t.Helper()
	for _, workload := range workloads {
		m.Envoys[workload] = Run(m.t, m.Policy, workload, m.Places[workload])
	}
}

// Echo puts an Echo behind the sidecar of service.
func (m *Mesh) Echo(service string, before func(http.ResponseWriter, *http.Request) bool) {
	m.t.Helper()
	Echo(m.t, m.Places[service].App, before)
}

// Public returns the host:port at which the edge has service.
func (m *Mesh) Public(service string) string { return m.Places[policy.EdgeName].Public[service] }
