package ca

import "github.com/prometheus/client_golang/prometheus"

// RenewAt is when a certificate is to be renewed.
var RenewAt = renewAt

// Rotations is the counter of an identity's certificates of one reason.
func (m *Metrics) Rotations(identity, reason string) prometheus.Counter {
	return m.rotations.WithLabelValues(identity, reason)
}

// Failures is the counter of an identity's failures.
func (m *Metrics) Failures(identity string) prometheus.Counter {
	return m.failures.WithLabelValues(identity)
}
