package telemetry

import (
	"log/slog"
	"net/http"
	"net/http/pprof" // Its init adds to http.DefaultServeMux, which nothing here serves.

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the routes of the admin port: /metrics, /debug/pprof/ and
// /livez. It must never be reachable by clients.
func (t *Telemetry) Admin() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.InstrumentMetricHandler(t.Registry, promhttp.HandlerFor(t.Registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, // Exemplars exist in this format only.
		ErrorLog:          slog.NewLogLogger(t.Log.Handler(), slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
		Registry:          t.Registry,
	})))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
