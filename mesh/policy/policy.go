// Package policy is what mesh.yaml says: the services of the mesh, who may call
// whom by what, how long that may take, what is tried again, and what the edge
// lets in. A Policy is whole and valid: Parse refuses everything else, with the
// line of every fault.
package policy

import (
	"iter"
	"maps"
	"slices"
	"time"
)

// EdgeName is the workload that owns the public ports. No service is called so.
const EdgeName = "edge"

// Policy is the whole of mesh.yaml.
type Policy struct {
	Services map[string]Service `yaml:"services"`
	// Calls are the edges of the mesh: caller → callee → what may be called.
	Calls     map[string]map[string]map[Route]Call `yaml:"calls"`
	Edge      Edge                                 `yaml:"edge"`
	Sidecar   Sidecar                              `yaml:"sidecar"`
	Upstream  Upstream                             `yaml:"upstream"`
	AccessLog AccessLog                            `yaml:"access_log"`
	Tracing   Tracing                              `yaml:"tracing"`
}

// Service is one service of the mesh.
type Service struct {
	Identity string `yaml:"identity"`                   // The SPIFFE id in its certificate.
	Port     int    `yaml:"port" min:"1" max:"65535"`   // Where the application listens, on loopback only.
	Egress   int    `yaml:"egress" min:"1" max:"65535"` // Where a caller's sidecar listens for it, on the caller's loopback.
	Public   int    `yaml:"public" min:"1" max:"65535"` // The edge's port for it.
}

// Call is one thing that one service may ask of another.
type Call struct {
	Timeout    time.Duration `yaml:"timeout" min:"1ms" max:"1m"`              // Of the whole call, with all of its tries.
	TryTimeout time.Duration `yaml:"try_timeout,optional" min:"1ms" max:"1m"` // Of one try; 0 = the whole.
	Retry      Retry         `yaml:"retry,optional"`
	// Idempotent says that doing it twice is doing it once, so that it may be tried
	// again when nobody knows whether it was done.
	Idempotent bool `yaml:"idempotent,optional"`
}

// Retry says how often and on what a request is tried again, on another replica
// if there is one. The zero Retry never does.
type Retry struct {
	Retries int      `yaml:"retries" min:"0" max:"5"`
	On      []Reason `yaml:"on"`
}

// Edge is the one public door.
type Edge struct {
	Identity    string                          `yaml:"identity"`
	TrustedHops int                             `yaml:"trusted_hops" min:"0" max:"8"` // Proxies in front that write X-Forwarded-For; 0 = the edge faces its clients.
	Refuse      []string                        `yaml:"refuse"`                       // Beginnings of paths, in any case, that never pass.
	Strip       []string                        `yaml:"strip"`                        // Headers that outsiders may not set; a * at the end means every name that begins so.
	Limits      Limits                          `yaml:"limits"`
	Timeouts    Timeouts                        `yaml:"timeouts"`
	Rest        Public                          `yaml:"rest"` // What holds for every path that is not named below.
	Routes      map[string]map[Path]PublicRoute `yaml:"routes"`
	Retry       EdgeRetry                       `yaml:"retry"`
	Headers     map[string]string               `yaml:"headers"`     // Of every response that has not its own.
	TLSHeaders  map[string]string               `yaml:"tls_headers"` // More of them, where the edge has a certificate.
}

// Limits bound what one client may send.
type Limits struct {
	Body        Size `yaml:"body" min:"1KiB" max:"64MiB"`
	HeaderBytes Size `yaml:"header_bytes" min:"1KiB" max:"96KiB"` // A whole number of KiB.
	Headers     int  `yaml:"headers" min:"10" max:"1000"`
	Connections int  `yaml:"connections" min:"10" max:"1000000"` // Of all clients together.
	Clients     int  `yaml:"clients" min:"10" max:"1000000"`     // How many are told apart for each rate limit; the least recent is forgotten.
	Heap        Size `yaml:"heap" min:"64MiB" max:"16GiB"`       // Beyond it no request is taken.
}

// Timeouts bound how long one client may hold a connection.
type Timeouts struct {
	Idle    time.Duration `yaml:"idle" min:"1s" max:"1h"`       // Between two requests.
	Headers time.Duration `yaml:"headers" min:"100ms" max:"1m"` // For the whole of the headers.
	Body    time.Duration `yaml:"body" min:"100ms" max:"5m"`    // For the whole request.
	Stream  time.Duration `yaml:"stream" min:"1s" max:"10m"`    // Without a byte in either direction.
	Drain   time.Duration `yaml:"drain" min:"100ms" max:"1m"`   // How long a connection that is to end may go on.
}

// Public says how long a request from outside may take, and how many one client
// may send a minute.
type Public struct {
	Timeout time.Duration `yaml:"timeout" min:"100ms" max:"1m"`
	Rate    int           `yaml:"rate" min:"1" max:"10000000"`
}

// PublicRoute is a Public of one path; what it leaves out is the rest's.
type PublicRoute struct {
	Timeout time.Duration `yaml:"timeout,optional" min:"100ms" max:"1m"`
	Rate    int           `yaml:"rate,optional" min:"1" max:"10000000"`
}

// EdgeRetry says what the edge tries again: reads (GET and HEAD), and the rest.
type EdgeRetry struct {
	Reads Retry `yaml:"reads"`
	Rest  Retry `yaml:"rest"`
}

// Sidecar is what holds for the Envoy of every service.
type Sidecar struct {
	Inbound int  `yaml:"inbound" min:"1" max:"65535"`  // The mesh's port, the same for all: mutual TLS only.
	Stats   int  `yaml:"stats" min:"1" max:"65535"`    // Figures for Prometheus and readiness for Kubernetes; the edge's too.
	Heap    Size `yaml:"heap" min:"64MiB" max:"16GiB"` // Beyond it no request is taken.
	// Inward is how much sooner a sidecar gives up than the one who asked it, so
	// that the answer says which part was slow.
	Inward      time.Duration `yaml:"inward" min:"1ms" max:"1s"`
	Connections int           `yaml:"connections" min:"10" max:"1000000"`
}

// Upstream is how every Envoy of the mesh treats the replicas that it calls.
type Upstream struct {
	ConnectTimeout time.Duration `yaml:"connect_timeout" min:"10ms" max:"10s"`
	// MaxConnectionAge ends connections so that new certificates come into use:
	// a live one keeps those of its beginning.
	MaxConnectionAge time.Duration `yaml:"max_connection_age" min:"10s" max:"24h"`
	DNSRefresh       time.Duration `yaml:"dns_refresh" min:"100ms" max:"10m"` // How often replicas are looked for.
	Breaker          Breaker       `yaml:"breaker"`
	Budget           Budget        `yaml:"budget"`
	Backoff          Backoff       `yaml:"backoff"`
	Outlier          Outlier       `yaml:"outlier"`
	Health           Health        `yaml:"health"`
}

// Breaker bounds what one Envoy asks of one service at the same time; what is
// beyond is answered 503 at once.
type Breaker struct {
	Connections int `yaml:"connections" min:"1" max:"1000000"`
	Pending     int `yaml:"pending" min:"1" max:"1000000"`
	Requests    int `yaml:"requests" min:"1" max:"1000000"`
}

// Budget bounds the retries among the requests to one service.
type Budget struct {
	Percent int `yaml:"percent" min:"1" max:"100"` // Of what is under way.
	Floor   int `yaml:"floor" min:"1" max:"1000"`  // At the same time, however little is under way.
}

// Backoff is how long a retry waits: a random time, at first up to Base, then
// longer, never beyond Max.
type Backoff struct {
	Base time.Duration `yaml:"base" min:"1ms" max:"10s"`
	Max  time.Duration `yaml:"max" min:"1ms" max:"1m"`
}

// Outlier says when a replica that fails gets no more requests for a while.
type Outlier struct {
	Failures   int           `yaml:"failures" min:"1" max:"1000"`  // In a row: 5xx answers.
	Unreached  int           `yaml:"unreached" min:"1" max:"1000"` // In a row: no connection, no answer.
	Interval   time.Duration `yaml:"interval" min:"100ms" max:"1m"`
	Ejection   time.Duration `yaml:"ejection" min:"100ms" max:"10m"` // The first; each further one is longer by as much.
	MaxPercent int           `yaml:"max_percent" min:"0" max:"100"`  // Of the replicas at the same time.
}

// Health is the check of every replica by all of its callers.
type Health struct {
	Path      Path          `yaml:"path"`
	Interval  time.Duration `yaml:"interval" min:"100ms" max:"1m"`
	Timeout   time.Duration `yaml:"timeout" min:"10ms" max:"1m"`
	Unhealthy int           `yaml:"unhealthy" min:"1" max:"100"` // Failed checks in a row.
	Healthy   int           `yaml:"healthy" min:"1" max:"100"`
}

// Tracing says which requests are traced where a place names a collector.
type Tracing struct {
	Percent int `yaml:"percent" min:"0" max:"100"` // Of those without a decision in their traceparent; all of them at the edge.
}

// Names returns the services, sorted.
func (p *Policy) Names() []string { return slices.Sorted(maps.Keys(p.Services)) }

// Workloads returns everything that has an Envoy: the services, sorted, and the
// edge last.
func (p *Policy) Workloads() []string { return append(p.Names(), EdgeName) }

// Identity returns the SPIFFE id of a workload.
func (p *Policy) Identity(workload string) string {
	if workload == EdgeName {
		return p.Edge.Identity
	}
	return p.Services[workload].Identity
}

// Callees returns whom workload calls, sorted. The edge calls every service.
func (p *Policy) Callees(workload string) []string {
	if workload == EdgeName {
		return p.Names()
	}
	return slices.Sorted(maps.Keys(p.Calls[workload]))
}

// Callers returns the services that call callee, sorted, without the edge.
func (p *Policy) Callers(callee string) []string {
	var callers []string
	for caller, callees := range p.Calls {
		if _, calls := callees[callee]; calls {
			callers = append(callers, caller)
		}
	}
	slices.Sort(callers)
	return callers
}

// Between yields what caller may call of callee, in the order of paths and
// methods.
func (p *Policy) Between(caller, callee string) iter.Seq2[Route, Call] {
	calls := p.Calls[caller][callee]
	return func(yield func(Route, Call) bool) {
		for _, r := range slices.SortedFunc(maps.Keys(calls), Route.compare) {
			if !yield(r, calls[r]) {
				return
			}
		}
	}
}

// Public yields the paths of service that have a timeout or a rate of their own
// at the edge, in order, with what holds for them.
func (p *Policy) Public(service string) iter.Seq2[Path, Public] {
	routes := p.Edge.Routes[service]
	return func(yield func(Path, Public) bool) {
		for _, path := range slices.Sorted(maps.Keys(routes)) {
			of := p.Edge.Rest
			if r := routes[path]; r.Timeout != 0 {
				of.Timeout = r.Timeout
			}
			if r := routes[path]; r.Rate != 0 {
				of.Rate = r.Rate
			}
			if !yield(path, of) {
				return
			}
		}
	}
}
