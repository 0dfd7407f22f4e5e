package meshtest

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"shop/mesh/policy"
	"shop/mesh/render"
)

// Mesh is the places and identities of all workloads of a policy, and the Envoys
// that a test has started of them.
type Mesh struct {
	Policy *policy.Policy
	Places map[string]render.Place // By workload or replica. Change one before its Envoy starts.
	Roots  *Roots
	Envoys map[string]*Envoy // By workload or replica.

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

// Start starts the Envoys of these workloads and replicas.
func (m *Mesh) Start(names ...string) {
	m.t.Helper()
	for _, name := range names {
		workload, _, _ := strings.Cut(name, "#")
		m.Envoys[name] = Run(m.t, m.Policy, workload, m.Places[name])
	}
}

// Replica makes a place for one more replica of service and returns its name,
// "product#2". Whoever calls service and starts after that calls it too.
func (m *Mesh) Replica(service string) string {
	m.t.Helper()
	name := ""
	for n := 2; name == "" || m.Places[name].Config != ""; n++ {
		name = service + "#" + strconv.Itoa(n)
	}
	more := Places(m.t, m.Policy)[service]
	more.Callees = m.Places[service].Callees
	m.Roots.Give(more.Certs, m.Policy.Identity(service))
	m.Places[name] = more
	for caller, at := range m.Places {
		if of := at.Callees[service]; of != nil && !strings.Contains(caller, "#") {
			at.Callees[service] = append(of, more.Inbound)
		}
	}
	return name
}

// Echo puts an Echo behind the sidecar of a service or replica.
func (m *Mesh) Echo(name string, before func(http.ResponseWriter, *http.Request) bool) (stop func()) {
	m.t.Helper()
	return Echo(m.t, m.Places[name].App, before)
}

// Public returns the host:port at which the edge has service.
func (m *Mesh) Public(service string) string { return m.Places[policy.EdgeName].Public[service] }
