package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// metric returns the sum of the series of name on the replica's admin port that
// have all the labels, each written `key="value"`.
func (p *process) metric(ctx context.Context, name string, labels ...string) (sum float64, err error) {
	a, err := p.admin.Get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	if a.Status != http.StatusOK {
		return 0, fmt.Errorf("%s: /metrics answers %d", p.name, a.Status)
	}
	found := false
series:
	for line := range strings.Lines(string(a.Body)) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(rest, label) {
				continue series
			}
		}
		found = true
		sample, _, _ := strings.Cut(rest, " # ") // An exemplar may follow.
		fields := strings.Fields(sample)
		n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %q: %w", p.name, line, err)
		}
		sum += n
	}
	if !found {
		return 0, fmt.Errorf("%s has no metric %s%v", p.name, name, labels)
	}
	return sum, nil
}

// mustMetric is metric of a replica that is known to be there.
func (p *process) mustMetric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	n, err := p.metric(t.Context(), name, labels...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
