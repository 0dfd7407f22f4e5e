package observability_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shop/observability"
)

// What an alert may be labelled with, and where its dashboard may be.
var (
	severities = []string{"page", "ticket"}
	families   = []string{
		"auth", "cache", "certificates", "database", "mesh", "messaging", "notification",
		"observability", "orders", "products", "security", "services",
	}
	dashboards = []string{"/d/shop-overview", "/d/shop-validate-token", "/d/shop-cache", "/d/shop-messaging", "/d/shop-mesh"}
)

func TestRulesAreValid(t *testing.T) {
	out := promtool(t, "check", "rules", files(t, filepath.Join("prometheus", "rules"), "*.yml")...)
	if strings.Contains(out, "FAILED") {
		t.Error(out)
	}
}

func TestRulesDoWhatTheirTestsSay(t *testing.T) {
	for _, path := range files(t, filepath.Join("prometheus", "tests"), "*_test.yml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", path)
		})
	}
}

// rules returns all rules that keep is true for.
func rules(t *testing.T, keep func(observability.Rule) bool) []observability.Rule {
	t.Helper()
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	var all []observability.Rule
	for _, g := range groups {
		for _, r := range g.Rules {
			if keep(r) {
				all = append(all, r)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no rules")
	}
	return all
}

func alerts(t *testing.T) []observability.Rule {
	return rules(t, func(r observability.Rule) bool { return r.Alert != "" })
}

func recordings(t *testing.T) []observability.Rule {
	return rules(t, func(r observability.Rule) bool { return r.Record != "" })
}

// In one story each, with all its texts; just below is for the mutants to find.
func TestEveryAlertIsSeenFiringAndEnding(t *testing.T) {
	tests := ruleTests(t)
	for _, r := range alerts(t) {
		fires, ends := false, false
		for _, file := range tests {
			for _, c := range file.Tests {
				began, ok := c.firing(t, r)
				fires = fires || ok
				ends = ends || ok && c.silentAfter(t, r, began)
			}
		}
		if !fires {
			t.Errorf("%s %v: no test sees it fire", r.Alert, r.Labels)
		} else if !ends {
			t.Errorf("%s %v: no test sees it end after it fired", r.Alert, r.Labels)
		}
	}
}

// firing returns when c sees r firing with as many texts as it has.
func (c ruleCase) firing(t *testing.T, r observability.Rule) (at time.Duration, ok bool) {
	for _, a := range c.Alerts {
		for _, f := range a.Firing {
			if a.Alert == r.Alert && within(r.Labels, f.Labels) && len(f.Annotations) == len(r.Annotations) {
				return moment(t, a.At), true
			}
		}
	}
	return 0, false
}

// silentAfter reports whether c sees that r does not fire at a later time.
func (c ruleCase) silentAfter(t *testing.T, r observability.Rule, began time.Duration) bool {
	for _, a := range c.Alerts {
		if a.Alert == r.Alert && len(a.Firing) == 0 && moment(t, a.At) > began {
			return true
		}
	}
	for _, s := range c.Samples {
		about := strings.HasPrefix(s.Expr, `ALERTS{alertname="`+r.Alert+`"`) && strings.Contains(s.Expr, r.Labels["burn"])
		if about && len(s.Want) == 0 && moment(t, s.At) > began {
			return true
		}
	}
	return false
}

// moment reads a time of a test.
func moment(t *testing.T, text string) time.Duration {
	t.Helper()
	seconds, err := strconv.Atoi(strings.TrimSuffix(scaled(text, 1), "s"))
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds) * time.Second
}

func within(part, whole map[string]string) bool {
	for k, v := range part {
		if whole[k] != v {
			return false
		}
	}
	return true
}

func TestEveryAlertSaysHowBadItIsAndWhereToLook(t *testing.T) {
	pages, err := observability.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"summary", "description", "runbook_url", "dashboard", "trace_search"}
	for _, r := range alerts(t) {
		if !slices.Contains(severities, r.Labels["severity"]) {
			t.Errorf("%s: severity %q, want one of %v", r.Alert, r.Labels["severity"], severities)
		}
		if !slices.Contains(families, r.Labels["family"]) {
			t.Errorf("%s: family %q, want one of %v", r.Alert, r.Labels["family"], families)
		}
		if !slices.Contains(dashboards, r.Annotations["dashboard"]) {
			t.Errorf("%s: dashboard %q, want one of %v", r.Alert, r.Annotations["dashboard"], dashboards)
		}
		if got, want := r.Annotations["runbook_url"], "runbooks/"+r.Alert+".md"; got != want {
			t.Errorf("%s: runbook_url %q, want %q", r.Alert, got, want)
		}
		if pages[r.Alert] == nil {
			t.Errorf("%s has no runbook", r.Alert)
		}
		for _, name := range []string{"summary", "description"} {
			if strings.TrimSpace(r.Annotations[name]) == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
		}
		for name := range r.Annotations {
			if !slices.Contains(known, name) {
				t.Errorf("%s: annotation %s, want only %v", r.Alert, name, known)
			}
		}
		if search, ok := r.Annotations["trace_search"]; ok {
			checkSearch(t, r.Alert, search)
		}
	}
}

// checkSearch fails unless search is the path of a search in Jaeger.
func checkSearch(t *testing.T, where, search string) {
	t.Helper()
	at, err := url.Parse(regexp.MustCompile(`\{\{.*?\}\}`).ReplaceAllString(search, ""))
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	query := at.Query()
	if at.Path != "/search" || !query.Has("service") || query.Get("lookback") == "" {
		t.Errorf("%s: %s is no search in Jaeger with a service and a lookback", where, search)
	}
	for name := range query {
		if !slices.Contains([]string{"service", "operation", "tags", "minDuration", "lookback"}, name) {
			t.Errorf("%s: %s: Jaeger's search has no %q", where, search, name)
		}
	}
	if tags := query.Get("tags"); tags != "" && !regexp.MustCompile(`^\{"[\w.]+":"[^"]+"(,"[\w.]+":"[^"]+")*\}$`).MatchString(tags) {
		t.Errorf("%s: tags %s are no JSON", where, tags)
	}
}

// What is recorded is for an alert, another record or a panel.
func TestEveryRecordIsUsed(t *testing.T) {
	var used strings.Builder
	for _, r := range rules(t, func(observability.Rule) bool { return true }) {
		used.WriteString(r.Expr + "\n")
	}
	panels, err := filepath.Glob(filepath.Join("grafana", "dashboards", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range panels {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		used.Write(text)
	}
	for _, r := range recordings(t) {
		if !regexp.MustCompile(`(^|[^\w:])` + r.Record + `($|[^\w:])`).MatchString(used.String()) {
			t.Errorf("nobody uses %s", r.Record)
		}
	}
}
