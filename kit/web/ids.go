package web

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

// maxRequestID is the longest X-Request-Id that is taken over from a client.
const maxRequestID = 128 // characters

// requestID returns the request's own id, "" if it has none that is safe to
// repeat in headers and logs.
func requestID(h http.Header) string {
	ids := h["X-Request-Id"]
	if len(ids) != 1 || !saneID(ids[0]) {
		return ""
	}
	return ids[0]
}

func saneID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// randomID returns 32 random hex digits. It identifies, it does not protect.
func randomID() string {
	id := randomTraceID()
	var text [2 * len(id)]byte
	hex.Encode(text[:], id[:])
	return string(text[:])
}

// randomTraceID returns an id that is never all zero.
func randomTraceID() (id trace.TraceID) {
	binary.NativeEndian.PutUint64(id[:8], rand.Uint64()|1) //nolint:gosec // G404: see randomID.
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64())   //nolint:gosec // G404: see randomID.
	return id
}

// unrecorded returns the ids of a trace that nobody records.
func unrecorded() trace.SpanContext {
	id := randomTraceID()
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID(id[:8])})
}

// carrier lets a propagator read and write the headers of a request. Unlike
// OpenTelemetry's it allocates nothing for the names that W3C has given.
type carrier http.Header

func (c carrier) Get(key string) string {
	if values := c[canonical(key)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c carrier) Set(key, value string) { c[canonical(key)] = []string{value} }

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	return keys
}

func canonical(key string) string {
	switch key {
	case "traceparent":
		return "Traceparent"
	case "tracestate":
		return "Tracestate"
	case "baggage":
		return "Baggage"
	}
	return http.CanonicalHeaderKey(key)
}
