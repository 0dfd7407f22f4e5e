// Package render makes Envoy's configuration from the policy of the mesh: typed
// messages, checked by the rules that they carry, the same bytes for the same
// policy and place.
//
// A service's Envoy has a listener "inbound" for the mesh, mutual TLS only, and
// one "egress_<callee>" on loopback for each service that its application calls.
// The edge's has one "public_<service>" for each service. All have "stats".
package render

import (
	"errors"
	"fmt"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"shop/mesh/policy"
)

// Workload returns the files of workload's Envoy at a place. The error says what
// the place lacks.
func Workload(p *policy.Policy, workload string, at Place) (Files, error) {
	if _, known := p.Services[workload]; !known && workload != policy.EdgeName {
		return nil, fmt.Errorf("no workload %q in the policy, which has %v", workload, p.Workloads())
	}
	if err := at.check(p, workload); err != nil {
		return nil, err
	}
	b := &builder{p: p, workload: workload, at: at}
	files := b.files()
	if len(b.failed) > 0 {
		return nil, fmt.Errorf("render %s: %w", workload, errors.Join(b.failed...))
	}
	return files, nil
}

// builder makes the configuration of one Envoy.
type builder struct {
	p        *policy.Policy
	workload string
	at       Place
	failed   []error // Bugs of this package, and texts that Envoy does not take.
}

func (b *builder) edge() bool { return b.workload == policy.EdgeName }

func (b *builder) files() Files {
	var listeners []*listener.Listener
	var clusters []*cluster.Cluster
	if b.edge() {
		for _, name := range b.p.Names() {
			listeners = append(listeners, b.public(name))
		}
	} else {
		listeners = append(listeners, b.inbound())
		clusters = append(clusters, b.app())
		for _, callee := range b.p.Callees(b.workload) {
			listeners = append(listeners, b.egress(callee))
		}
	}
	for _, callee := range b.p.Callees(b.workload) {
		clusters = append(clusters, b.callee(callee))
	}
	if b.at.Stats != "" {
		listeners = append(listeners, b.stats())
		clusters = append(clusters, b.admin())
	}
	if b.at.OTLP != "" {
		clusters = append(clusters, b.collector())
	}
	files := Files{
		BootstrapFile: b.encode(b.bootstrap()),
		ListenersFile: resources(b, listeners),
		ClustersFile:  resources(b, clusters),
		IdentityFile:  resources(b, b.identity()),
		RootsFile:     resources(b, b.roots()),
	}
	if b.at.PublicCerts != "" {
		files[PublicFile] = resources(b, b.publicCertificate())
	}
	return files
}

// message is a message that knows its own rules.
type message interface {
	proto.Message
	ValidateAll() error
}

var _ message = (*bootstrap.Bootstrap)(nil)

// any packs m, which must keep its own rules.
func (b *builder) any(m message) *anypb.Any {
	b.validate(m)
	packed, err := anypb.New(m)
	if err != nil {
		b.failed = append(b.failed, fmt.Errorf("pack a %T: %w", m, err))
	}
	return packed
}

func (b *builder) validate(m message) {
	if err := m.ValidateAll(); err != nil {
		b.failed = append(b.failed, err)
	}
}
