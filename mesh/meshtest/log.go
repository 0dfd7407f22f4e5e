package meshtest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
)

// AccessLog returns the lines of e's access log, which Envoy writes late, once
// there are as many as n.
func (e *Envoy) AccessLog(t testing.TB, n int) []map[string]any {
	t.Helper()
	var lines []map[string]any
	testkit.Eventually(t, 30*time.Second, func() error {
		text, err := os.ReadFile(e.Place.AccessLog)
		if err != nil {
			return err
		}
		lines = nil
		for line := range strings.Lines(string(text)) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			lines = append(lines, fields)
		}
		if len(lines) < n {
			return fmt.Errorf("%d lines", len(lines))
		}
		return nil
	}, n, "lines in the access log")
	return lines
}
