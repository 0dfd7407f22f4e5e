package web

import (
	"net/http"
	"strconv"
	"strings"
)

// negotiated answers 406 where a client takes no JSON at all.
func (h *Handler) negotiated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header["Accept"]; len(values) > 0 && !acceptsJSON(values) {
			h.fail(r.Context(), w, errNotAcceptable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func acceptsJSON(values []string) bool {
	if len(values) == 1 && (values[0] == "*/*" || values[0] == "application/json") {
		return true
	}
	a := parseAccept(values)
	// A client that only names application/problem+json takes JSON: it speaks of
	// the errors it understands.
	return !a.any || a.json > 0 || a.problem > 0
}

// accepted is what an Accept header says about the two types that are served,
// as quality from 0 to 1; problem counts only when it is named.
type accepted struct {
	any           bool // There was at least one media range.
	json, problem float64
}

// parseAccept reads an Accept header by RFC 9110, 12.5.1: the most specific range
// that fits decides. What is no media range is ignored.
func parseAccept(values []string) accepted {
	a := accepted{}
	specificity := -1
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			media, parameters, _ := strings.Cut(item, ";")
			media = strings.ToLower(strings.TrimSpace(media))
			q, ok := quality(parameters)
			if !ok || !strings.Contains(media, "/") {
				continue
			}
			a.any = true
			s := -1
			switch media {
			case "application/problem+json":
				a.problem = q
			case "application/json":
				s = 2
			case "application/*":
				s = 1
			case "*/*":
				s = 0
			}
			if s > specificity || (s >= 0 && s == specificity && q > a.json) {
				a.json, specificity = q, s
			}
		}
	}
	return a
}

// quality returns the q of a media range's parameters, 1 if there is none.
func quality(parameters string) (q float64, ok bool) {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return q, err == nil && q >= 0 && q <= 1
	}
	return 1, true
}
