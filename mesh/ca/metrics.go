package ca

import (
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics tell what an Authority does. A nil *Metrics tells nobody.
type Metrics struct {
	leafEnd   *prometheus.GaugeVec
	rootEnd   prometheus.Gauge
	trusted   prometheus.Gauge
	rotations *prometheus.CounterVec
	failures  *prometheus.CounterVec
	passes    prometheus.Counter
}

// NewMetrics registers the metrics of an Authority with r. The counters of
// identities start at zero.
func NewMetrics(r prometheus.Registerer, identities []Identity) (*Metrics, error) {
	m := &Metrics{
		leafEnd: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mesh_ca_certificate_expiry_timestamp_seconds", Help: "When the certificate of an identity expires.",
		}, []string{"identity"}),
		rootEnd: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mesh_ca_root_expiry_timestamp_seconds", Help: "When the root that signs expires.",
		}),
		trusted: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mesh_ca_roots_trusted", Help: "Roots that are trusted: more than one while one takes the other's place.",
		}),
		rotations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mesh_ca_rotations_total", Help: "Certificates issued, by identity and reason.",
		}, []string{"identity", "reason"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mesh_ca_rotation_failures_total", Help: "Certificates that were due and could not be written; the old ones stay.",
		}, []string{"identity"}),
		passes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mesh_ca_failed_passes_total", Help: "Passes over all identities in which something failed.",
		}),
	}
	for _, c := range []prometheus.Collector{m.leafEnd, m.rootEnd, m.trusted, m.rotations, m.failures, m.passes} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	for _, id := range identities {
		m.failures.WithLabelValues(id.Name)
		for _, reason := range []string{reasonMissing, reasonRenewal, reasonNames, reasonRoot, reasonOwner} {
			m.rotations.WithLabelValues(id.Name, reason)
		}
	}
	return m, nil
}

func (m *Metrics) leaf(identity string, c *x509.Certificate) {
	if m != nil {
		m.leafEnd.WithLabelValues(identity).Set(float64(c.NotAfter.Unix()))
	}
}

func (m *Metrics) roots(r roots) {
	if m != nil {
		m.rootEnd.Set(float64(r.signs.cert.NotAfter.Unix()))
		m.trusted.Set(float64(len(r.trusted)))
	}
}

func (m *Metrics) issued(identity, reason string) {
	if m != nil {
		m.rotations.WithLabelValues(identity, reason).Inc()
	}
}

func (m *Metrics) failed(identity string) {
	if m != nil {
		m.failures.WithLabelValues(identity).Inc()
	}
}

func (m *Metrics) failedPass() {
	if m != nil {
		m.passes.Inc()
	}
}
