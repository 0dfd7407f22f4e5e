package observability_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shop/observability"
)

func TestScaledRulesDifferInTheirDurationsAlone(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
		factor           float64
	}{
		{"ranges, waits and intervals", `groups:
  - name: a
    interval: 5m
    rules:
      - alert: A
        expr: rate(x_total[5m]) > 0.5
        for: 2m
        keep_firing_for: 1m
`, `groups:
  - name: a
    interval: 30s
    rules:
      - alert: A
        expr: rate(x_total[30s]) > 0.5
        for: 12s
        keep_firing_for: 6s
`, 10},
		{"offsets and subqueries", "expr: max_over_time(x[1h:1m] offset 1h30m)", "expr: max_over_time(x[60s:1s] offset 90s)\n", 60},
		{"parts of a second", "for: 10s", "for: 1500ms\n", 10.0 / 1.5},
		{"no range without two samples", "expr: rate(x[1m]) and y offset 1m", "expr: rate(x[4s]) and y offset 1s\n", 60},
		{"no interval below a second", "interval: 10s", "interval: 1s\n", 60},
		{"no wait stays none", "for: 0s", "for: 0s\n", 60},
		{"names, numbers and strings stay", `expr: slo:x:rate5m{a="5m", b='1h'} > 14.4 * (1 - y1h) or z5m_1h > 2e3`, `expr: slo:x:rate5m{a="5m", b='1h'} > 14.4 * (1 - y1h) or z5m_1h > 2e3` + "\n", 60},
		{"annotations stay", "annotations: {for: 5m later}", "annotations: {for: 5m later}", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := observability.Scale([]byte(c.file), c.factor)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestWhatCanNotBeScaledIsRefused(t *testing.T) {
	for _, c := range []struct {
		file   string
		factor float64
	}{{"for: 5m", 0}, {"for: 5m", 0.5}, {"for: five minutes", 2}, {"a: [", 2}} {
		if got, err := observability.Scale([]byte(c.file), c.factor); err == nil {
			t.Errorf("Scale(%q, %v) = %q, want an error", c.file, c.factor, got)
		}
	}
	if err := observability.WriteRules(filepath.Join(t.TempDir(), "none"), 2); err == nil {
		t.Error("rules are written into a directory that does not exist")
	}
}

// The rules of this repository, scaled as for a drill, are rules, and differ from
// the others in nothing but durations.
func TestTheRulesAreScaledWhole(t *testing.T) {
	const factor = 60
	dir := t.TempDir()
	if err := observability.WriteRules(dir, factor); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", files(t, dir, "*.yml")...)
	originals, err := observability.Rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(originals)) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := withoutDurations(t, text), withoutDurations(t, originals[name]); got != want {
			t.Errorf("%s has changed beyond its durations:\n%s\nwant:\n%s", name, got, want)
		}
		if strings.Contains(string(text), "[5m]") {
			t.Errorf("%s has a range of 5 minutes", name)
		}
	}
}

// withoutDurations returns the rules of a file with every duration as D.
func withoutDurations(t *testing.T, file []byte) string {
	t.Helper()
	text, err := observability.Scale(file, 1.0000001) // The same form of YAML.
	if err != nil {
		t.Fatal(err)
	}
	ranges := regexp.MustCompile(`\[\w+\]|offset \w+|(for|interval): \w+`)
	return ranges.ReplaceAllStringFunc(string(text), func(s string) string {
		return regexp.MustCompile(`\d+(ms|s|m|h|d)`).ReplaceAllString(s, "D")
	})
}

// promtool runs Debian's promtool and returns what it says; the test fails when
// that is no success, and when there is none.
func promtool(t *testing.T, command, what string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "promtool", append([]string{command, what}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s %s: %v (on Debian and Ubuntu it comes with: apt-get install prometheus)\n%s", command, what, err, out)
	}
	return string(out)
}

// files returns the files in dir that match, at least one.
func files(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s in %s: %v", pattern, dir, err)
	}
	return found
}
