package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// identity is what the SPIFFE id of every service of the mesh starts with.
const identity = "spiffe://shop.local/ns/default/sa/"

// guarded lets only other services in: by a shared token, or in a mesh by the
// identity that the sidecar has verified.
func (h *Handler) guarded(callers []string, next http.Handler) http.Handler {
	if h.cfg.InternalAuth == "mesh" {
		identities := make([]string, len(callers))
		for i, caller := range callers {
			identities[i] = identity + caller
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !slices.Contains(identities, peer(r.Header)) {
				h.fail(r.Context(), w, errNotACaller)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	if h.cfg.InternalToken == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.fail(r.Context(), w, errRouteNotFound) })
	}
	want := sha256.Sum256([]byte(h.cfg.InternalToken))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("X-Internal-Token"))) // Hashed, so that not even the length shows in the time.
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			h.fail(r.Context(), w, errNotACaller)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// peer returns the identity of the calling service, "" if there is not exactly
// one: the sidecar replaces X-Forwarded-Client-Cert, so two elements mean that
// someone else has written there.
func peer(h http.Header) string {
	values := h["X-Forwarded-Client-Cert"]
	if len(values) != 1 || strings.ContainsAny(values[0], `",\`) {
		return ""
	}
	uri := ""
	for pair := range strings.SplitSeq(values[0], ";") {
		if key, value, _ := strings.Cut(pair, "="); strings.EqualFold(strings.TrimSpace(key), "URI") {
			if uri != "" {
				return ""
			}
			uri = strings.TrimSpace(value)
		}
	}
	return uri
}
