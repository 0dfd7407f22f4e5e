package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/rs/cors"

	"shop/kit/openapi"
	"shop/kit/telemetry"
)

// Config is what a service tells about itself.
type Config struct {
	Service string // "Product Service": in / and /health.
	Version string
	Texts   Texts    // The service's own; they win over the platform's.
	Origins []string // Allowed CORS origins; "*" allows all, then without credentials.
	Debug   bool     // The access log tells of probes and documentation pages too.

	InternalToken string // InternalAuth "token": what X-Internal-Token must be; "" = internal routes are 404.
	InternalAuth  string // "token" (also "") or "mesh".

	Spec   []byte // openapi.yaml; nil = no documentation pages.
	Tel    *telemetry.Telemetry
	Checks []Check

	// Before reads a request into its context before it is decoded: the bearer
	// token, for instance.
	Before []func(context.Context, *http.Request) context.Context

	NewID func() string // Makes request ids; nil = 32 random hex digits.
}

// Handler serves a service's routes and the platform's: /, /health, /livez,
// /readyz and, if there is a spec, /docs, /redoc and /openapi.json.
//
// Every response carries X-Request-Id and X-Trace-Id. A path with a trailing
// slash is the path without; no path is ever redirected. HEAD works where GET
// does. Bodies beyond 1 MiB are 413.
type Handler struct {
	cfg       Config
	log       *slog.Logger
	texts     Texts
	languages languages
	newID     func() string
	metrics   *metrics
	cors      *cors.Cors
	probes    *probes
	draining  atomic.Bool

	mux     *http.ServeMux // Method and path → mount.
	paths   *http.ServeMux // Path → allowed, for 405.
	other   *mount         // What no route takes.
	routes  []string
	methods map[string][]string // Path → its methods.
}

// NewHandler returns the handler of a service with these routes. Two routes with
// one pattern and a spec that is no OpenAPI document panic: bugs that show at
// start.
func NewHandler(cfg Config, routes ...[]Route) *Handler {
	h := &Handler{
		cfg:       cfg,
		log:       cfg.Tel.Log,
		texts:     DefaultTexts().with(cfg.Texts),
		languages: newLanguages(),
		newID:     cfg.NewID,
		metrics:   newMetrics(cfg.Tel),
		cors:      newCORS(cfg.Origins),
		mux:       http.NewServeMux(),
		paths:     http.NewServeMux(),
		methods:   map[string][]string{},
	}
	if h.newID == nil {
		h.newID = randomID
	}
	h.probes = newProbes(cfg.Checks, cfg.Tel.Log)

	h.page("/{$}", publicProbe, h.welcome())
	h.page("/health", publicProbe, http.HandlerFunc(h.health))
	h.page("/livez", publicProbe, http.HandlerFunc(h.livez))
	h.page("/readyz", publicProbe, http.HandlerFunc(h.readyz))
	if cfg.Spec != nil {
		site, err := openapi.New(cfg.Spec)
		if err != nil {
			panic(fmt.Sprintf("web: %v", err))
		}
		for path, page := range site.Pages() {
			h.page(path, documentation, page)
		}
	}
	for _, group := range routes {
		for _, r := range group {
			h.route(r)
		}
	}
	for p, methods := range h.methods {
		slices.Sort(methods)
		h.paths.Handle(p, allowed(strings.Join(methods, ", ")))
	}
	h.other = h.mount("", "other", http.HandlerFunc(h.notFound))
	h.mux.Handle("/", h.other)
	return h
}

// route mounts a route of the service.
func (h *Handler) route(r Route) {
	options := []kithttp.ServerOption{kithttp.ServerErrorEncoder(h.encodeError)}
	for _, before := range h.cfg.Before {
		options = append(options, kithttp.ServerBefore(kithttp.RequestFunc(before)))
	}
	handler := h.negotiated(r.server(options...))
	if r.internal {
		handler = h.guarded(r.callers, handler)
	}
	m := h.mount(r.method, r.path, handler)
	m.internal = r.internal
	h.metrics.prepare(m, r.status)
	h.mux.Handle(r.method+" "+r.path, m)
	if !r.internal { // Of internal routes a stranger learns nothing, not even by 405.
		h.routes = append(h.routes, r.method+" "+r.path)
		h.allow(r.method, r.path)
	}
}

// pageKind says what a page of the platform is.
type pageKind uint8

const (
	publicProbe   pageKind = iota // Part of the documented API.
	documentation                 // Not part of it.
)

// page mounts a page of the platform.
func (h *Handler) page(path string, kind pageKind, handler http.Handler) {
	label := strings.TrimSuffix(path, "{$}")
	if kind == publicProbe {
		h.routes = append(h.routes, http.MethodGet+" "+label)
	}
	m := h.mount(http.MethodGet, label, handler)
	m.quiet = true
	h.mux.Handle(http.MethodGet+" "+path, m)
	h.allow(http.MethodGet, path)
}

// allow notes method for the Allow header of path.
func (h *Handler) allow(method, path string) {
	h.methods[path] = append(h.methods[path], method)
	if method == http.MethodGet {
		h.methods[path] = append(h.methods[path], http.MethodHead)
	}
}

// ServeHTTP serves r by its route. Paths that are not in their shortest form
// ("//products", "/a/../products") are no route: the mux would redirect them.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	if n := len(p); n > 1 && p[n-1] == '/' {
		p = p[:n-1]
		r = withPath(r, p)
	}
	if p == "" || p[0] != '/' || path.Clean(p) != p || r.Method == http.MethodConnect {
		h.other.ServeHTTP(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// withPath returns a copy of r for the same path without its trailing slash.
func withPath(r *http.Request, p string) *http.Request {
	c := *r
	u := *r.URL
	u.Path, u.RawPath = p, strings.TrimSuffix(u.RawPath, "/")
	c.URL = &u
	return &c
}

// allowed is the Allow header of a path.
type allowed string

func (a allowed) ServeHTTP(http.ResponseWriter, *http.Request) {}

// notFound answers what no route takes: 405 where another method would have
// been right, else 404.
func (h *Handler) notFound(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/") && path.Clean(r.URL.Path) == r.URL.Path {
		known, _ := h.paths.Handler(r)
		if methods, ok := known.(allowed); ok {
			w.Header().Set("Allow", string(methods))
			h.fail(r.Context(), w, errMethodNotAllowed)
			return
		}
	}
	h.fail(r.Context(), w, errRouteNotFound)
}

// Drain lets /readyz say 503 from now on, so that nobody sends new requests.
func (h *Handler) Drain() { h.draining.Store(true) }

// RoutesOf returns "METHOD /path" of every route of h's public API, sorted: the
// service's own without the internal ones, and GET of /, /health, /livez and
// /readyz. The documentation pages are not part of the API.
func RoutesOf(h *Handler) []string {
	routes := slices.Clone(h.routes)
	slices.Sort(routes)
	return routes
}
