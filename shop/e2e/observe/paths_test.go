//go:build linux

package observe

import (
	"net/http"
	"strings"
	"testing"

	"shop/shop/rest"
)

// maxSeries is what one service may cost a Prometheus.
const maxSeries = 2000

// randomPaths: a thousand paths that nobody has thought of make no series of their
// own at any service, nor at its sidecar.
func (s *shop) randomPaths(t *testing.T, _ person, _ rest.Product) {
	const paths = 1000
	for _, door := range s.Doors() {
		page := s.page(t, door.Name)
		before, sidecar := series(page), series(s.page(t, door.Name+"-sidecar"))
		var last string
		for n := range paths {
			last = unique()
			a, err := door.Client.Get(t.Context(), "/"+last)
			if err != nil || a.Status != http.StatusNotFound {
				t.Fatalf("%s: path %d: %d %v", door.Name, n, a.Status, err)
			}
		}
		page = s.page(t, door.Name)
		after, then := series(page), series(s.page(t, door.Name+"-sidecar"))
		const lines = 20 // Of one histogram that may be new: "other", 404.
		if after > maxSeries || after > before+lines || strings.Contains(page, last) {
			t.Errorf("%s: %d series, %d before a thousand paths; at most %d", door.Name, after, before, maxSeries)
		}
		if then > sidecar+200 {
			t.Errorf("%s's sidecar: %d series, %d before", door.Name, then, sidecar)
		}
		t.Logf("%s: %d series, its sidecar %d", door.Name, after, then)
	}
}

// page is what a part tells of its figures.
func (s *shop) page(t *testing.T, part string) string {
	t.Helper()
	a, err := rest.Client{Base: s.pages[part]}.Get(t.Context(), "?usedonly")
	want(t, "figures of "+part, a, err, http.StatusOK)
	return string(a.Body)
}

// series counts the series of a page.
func series(page string) (n int) {
	for text := range strings.Lines(page) {
		if text != "\n" && !strings.HasPrefix(text, "#") {
			n++
		}
	}
	return n
}
