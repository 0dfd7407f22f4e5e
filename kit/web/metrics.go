package web

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
)

// otherMethod stands for every method that is not in RFC 9110 or 5789.
const otherMethod = "_OTHER"

// knownMethods are the values of the label http_request_method.
var knownMethods = [...]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace, otherMethod,
}

func methodLabel(method string) string {
	for _, known := range knownMethods {
		if method == known {
			return known
		}
	}
	return otherMethod
}

// metrics are the RED metrics of a server, with OpenTelemetry's names.
type metrics struct {
	durations *prometheus.HistogramVec
	actives   map[string]prometheus.Gauge
	// known maps the label values that occurred to their histogram: a lookup
	// without a lock, a copy for each new one.
	known atomic.Pointer[map[series]prometheus.Observer]
	mu    sync.Mutex
}

type series struct {
	route, method string
	status        int
}

func newMetrics(tel *telemetry.Telemetry) *metrics {
	m := &metrics{
		durations: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_server_request_duration_seconds",
			Help:    "How long requests took, until the handler returned.",
			Buckets: telemetry.Buckets(),
		}, []string{"http_request_method", "http_route", "http_response_status_code"})),
		actives: map[string]prometheus.Gauge{},
	}
	actives := telemetry.Register(tel, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "http_server_active_requests",
		Help: "Requests being served.",
	}, []string{"http_request_method"}))
	for _, method := range knownMethods {
		m.actives[method] = actives.WithLabelValues(method)
	}
	m.known.Store(&map[series]prometheus.Observer{})
	return m
}

func (m *metrics) active(method string) prometheus.Gauge { return m.actives[method] }

// prepare makes the series of a route's success and of the service's own failures
// exist from the start, so that the first failure is a step from 0.
func (m *metrics) prepare(at *mount, status int) {
	m.duration(at, at.method, status)
	m.duration(at, at.method, http.StatusInternalServerError)
	m.duration(at, at.method, http.StatusServiceUnavailable)
}

// duration returns the histogram of requests to at that ended with status.
func (m *metrics) duration(at *mount, method string, status int) prometheus.Observer {
	key := series{at.route, method, status}
	if o, ok := (*m.known.Load())[key]; ok {
		return o
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.durations.WithLabelValues(method, at.route, strconv.Itoa(status))
	known := maps.Clone(*m.known.Load())
	known[key] = o
	m.known.Store(&known)
	return o
}
