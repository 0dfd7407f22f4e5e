package agent

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"shop/mesh/identity"
)

// phase is what an agent is at.
type phase int32

const (
	waiting phase = iota // For certificates.
	rendering
	starting // Envoy.
	serving
	draining
	stopping
)

var phases = [...]string{"waiting for certificates", "rendering the configuration", "starting Envoy", "serving", "draining", "stopping"}

func (p phase) String() string { return phases[p] }

// Status is what an agent tells of itself over HTTP: /metrics for Prometheus,
// written by hand so that the agent stays small, and /readyz.
type Status struct {
	phase atomic.Int32

	certificateBad atomic.Bool
	certificateEnd atomic.Int64 // Unix time; 0 = there is none.
	renewals       atomic.Int64

	configBad atomic.Bool
	restart   atomic.Bool // Something counts from Envoy's next start on.
	renders   struct{ taken, refused atomic.Int64 }

	orphans atomic.Int64
}

func (s *Status) set(p phase) { s.phase.Store(int32(p)) }

func (s *Status) is() phase { return phase(s.phase.Load()) }

// certificate notes a good one.
func (s *Status) certificate(b identity.Bundle) {
	s.certificateBad.Store(false)
	s.certificateEnd.Store(b.Leaf.NotAfter.Unix())
}

// ServeHTTP implements http.Handler.
func (s *Status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/metrics":
		s.metrics(w)
	case "/readyz":
		if is := s.is(); is != serving {
			http.Error(w, is.String(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, serving)
	default:
		http.NotFound(w, r)
	}
}

func (s *Status) metrics(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	write := func(name, kind, help string, samples ...any) { // Labels and value in turns.
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		for i := 0; i < len(samples); i += 2 {
			fmt.Fprintf(w, "%s%s %d\n", name, samples[i], samples[i+1])
		}
	}
	write("mesh_agent_serving", "gauge", "Whether Envoy and the service run and are not draining.", "", number(s.is() == serving))
	write("mesh_agent_config_good", "gauge", "Whether the configuration of the newest inputs is the one in use; 0 = the old one serves on.", "", number(!s.configBad.Load()))
	write("mesh_agent_config_updates_total", "counter", "New configurations since the start, by what became of them.",
		`{result="taken"}`, s.renders.taken.Load(), `{result="refused"}`, s.renders.refused.Load())
	write("mesh_agent_restart_needed", "gauge", "Whether a part of the configuration waits for Envoy's next start.", "", number(s.restart.Load()))
	write("mesh_agent_certificate_good", "gauge", "Whether the certificate on disk is one that others accept; 0 = Envoy serves with the one before.", "", number(!s.certificateBad.Load()))
	write("mesh_agent_certificate_expiry_timestamp_seconds", "gauge", "When the last good certificate expires; 0 = there is none.", "", s.certificateEnd.Load())
	write("mesh_agent_certificate_renewals_total", "counter", "New certificates since the start.", "", s.renewals.Load())
	write("mesh_agent_orphans_total", "counter", "Processes that were collected after their parents had ended.", "", s.orphans.Load())
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
