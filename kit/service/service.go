// Package service turns a configuration into a running service. Build makes what
// the configuration asks for and wires it; Run starts one or several services
// together, waits, and stops them in order; Main is the whole command line.
package service

import (
	"context"
	"net/http"
	"time"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/kit/web"
)

// Infra is what a service is built from; New of the service takes it.
type Infra struct {
	Tel   *telemetry.Telemetry
	DB    *sqldb.DB        // Open, with every migration applied.
	Bus   event.Bus        // nil where the settings embed no BusConfig.
	Now   func() time.Time // UTC, in the microseconds that databases keep.
	NewID func() string    // Unique, and ordered by time (UUID version 7).
}

// Web returns the part of a web.Config that follows from cfg and i, with the
// database as a critical check. The service adds its Spec, Texts and further
// Checks.
func (i Infra) Web(cfg Config) web.Config {
	return web.Config{
		Service:       cfg.AppName,
		Version:       cfg.Version(),
		Origins:       cfg.AllowedOrigins,
		Debug:         cfg.Debug,
		InternalToken: cfg.InternalToken,
		InternalAuth:  cfg.InternalAuth,
		Tel:           i.Tel,
		Checks:        []web.Check{{Name: "database", Critical: true, Probe: i.DB.Health}},
	}
}

// Service is what a service's New returns: everything that runs.
type Service struct {
	Name    string       // "order".
	Handler *web.Handler // The public port.
	Admin   []AdminRoute // Served on the admin port beside /metrics.
	Workers []Worker
	Closers []Closer // Closed in reverse, after the last worker has ended.
}

// AdminRoute is an operator's route: Pattern as of http.ServeMux.
type AdminRoute struct {
	Pattern string
	Handler http.Handler
}

// Worker runs beside the listeners. Run returns nil soon after ctx has ended; it
// may use the time of the shutdown to finish what is in flight. Returning before
// that, or panicking, stops the process.
type Worker struct {
	Name string
	Run  func(ctx context.Context) error
}

// Closer lets go of a resource.
type Closer struct {
	Name  string // "database", for the error.
	Close func(ctx context.Context) error
}
