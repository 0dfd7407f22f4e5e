//go:build linux || darwin

package pods

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"shop/kit/port"
	"shop/kit/service"
	"shop/observability"
	"shop/shop/local"
)

// figures are what the authority counts, and where it tells them.
type figures struct {
	registry *prometheus.Registry
	at       string
}

// placeFigures gives the agents and the authority the addresses at which they tell
// their figures.
func (s *Shop) placeFigures() error {
	var failed error
	address := func() string {
		free, err := port.Free()
		failed = errors.Join(failed, err)
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(free))
	}
	s.statuses = map[string]string{}
	for workload := range s.places {
		s.statuses[workload] = address()
	}
	s.figures = figures{registry: prometheus.NewRegistry(), at: address()}
	return failed
}

func (f figures) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{}))
	return mux
}

// figuresTime is how long somebody may take to ask for figures.
const figuresTime = 5 * time.Second

// serveFigures answers with handler at address until stop is called.
func serveFigures(ctx context.Context, address string, handler http.Handler) (stop func(), err error) {
	l, err := service.Listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: figuresTime}
	go func() { _ = server.Serve(l) }() // That it was closed.
	return func() { _ = server.Close() }, nil
}

// Targets returns the pages of metrics of every part of the mesh.
func (s *Shop) Targets() []observability.Target {
	targets := []observability.Target{{Job: "mesh-ca", Service: "mesh-ca", URL: "http://" + s.figures.at + "/metrics"}}
	for n, name := range local.Names {
		targets = append(targets, observability.Target{Job: "shop", Service: name, URL: "http://" + s.admin(n) + "/metrics"})
	}
	for _, workload := range s.policy.Workloads() {
		targets = append(targets,
			observability.Target{Job: "envoy", Service: workload, URL: "http://" + s.places[workload].Stats + "/stats/prometheus?usedonly"},
			observability.Target{Job: "mesh-agent", Service: workload, URL: "http://" + s.statuses[workload] + "/metrics"},
		)
	}
	return targets
}

// Home returns what the shop lives on.
func (s *Shop) Home() *local.Home { return s.home }
