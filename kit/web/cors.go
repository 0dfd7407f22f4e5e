package web

import (
	"net/http"
	"slices"

	"github.com/rs/cors"
)

// preflightAge is how long in seconds a browser may remember that a request is
// allowed; Chromium keeps it for 2 h at most.
const preflightAge = 600

func newCORS(origins []string) *cors.Cors {
	options := cors.Options{
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{
			"X-Request-Id", "X-Trace-Id", "X-Total-Count", "X-Total-Count-Exact", "Link", "ETag", "Location", "Retry-After",
		},
		MaxAge: preflightAge,
	}
	if len(origins) == 0 { // An empty list would mean "*" to the library.
		options.AllowOriginVaryRequestFunc = func(*http.Request, string) (bool, []string) { return false, nil }
		return cors.New(options)
	}
	options.AllowedOrigins = origins
	options.AllowCredentials = !slices.Contains(origins, "*") // Together they would open every user's session to every site.
	return cors.New(options)
}
