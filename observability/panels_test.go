package observability_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"shop/observability"
	"shop/observability/dashboard"
)

// series are names of recorded series, which have colons.
var series = regexp.MustCompile(`[a-z_]+(:[a-z0-9_]+){2,3}`)

// raised returns the rules of each alert.
func raised(t *testing.T) map[string][]observability.Rule {
	t.Helper()
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]observability.Rule{}
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				all[r.Alert] = append(all[r.Alert], r)
			}
		}
	}
	return all
}

// explained returns the dashboards that explain each alert: those with a panel
// that leads to its runbook.
func explained() map[string][]string {
	by := map[string][]string{}
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				for _, alert := range p.Runbooks {
					by[alert] = append(by[alert], b.UID)
				}
			}
		}
	}
	return by
}

// TestAlertsAndPanelsFindEachOther: an alert names a dashboard, on which a panel
// shows its reason and leads to its runbook, and no panel leads to a runbook that
// there is not.
func TestAlertsAndPanelsFindEachOther(t *testing.T) {
	panels, rules := explained(), raised(t)
	for alert, all := range rules {
		for _, r := range all {
			uid, ok := strings.CutPrefix(r.Annotations["dashboard"], "/d/")
			if !ok || !slices.Contains(panels[alert], uid) {
				t.Errorf("%s names the dashboard %q, panels of %v show its reason", alert, uid, panels[alert])
			}
		}
	}
	for alert := range panels {
		if rules[alert] == nil {
			t.Errorf("a panel leads to %s, which no rule raises", alert)
		}
		if _, err := os.Stat(filepath.Join("runbooks", alert+".md")); err != nil {
			t.Error(err)
		}
	}
}

// TestFamiliesLeadToDashboards: the table of what fires finds a dashboard for the
// family of every alert, the one that the alert names where it names one of its own.
func TestFamiliesLeadToDashboards(t *testing.T) {
	table := ""
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				if p.Title == "What fires, and what to do" {
					table = p.Queries[0].Expr
				}
			}
		}
	}
	replace := regexp.MustCompile(`"dashboard", "([a-z-]+)", "family", "([a-z|]+)"`)
	leads := map[string]string{}
	for _, m := range replace.FindAllStringSubmatch(table, -1) {
		for family := range strings.SplitSeq(m[2], "|") {
			leads[family] = "/d/" + m[1]
		}
	}
	for alert, all := range raised(t) {
		for _, r := range all {
			if got, want := leads[r.Labels["family"]], r.Annotations["dashboard"]; got != want && alert != "TargetDown" || got == "" {
				t.Errorf("%s of family %s: the table leads to %q, the alert to %q", alert, r.Labels["family"], got, want)
			}
		}
	}
}

// TestColoursChangeWhereAlertsFire: a panel is red or orange from the value on that
// the alert compares with.
func TestColoursChangeWhereAlertsFire(t *testing.T) {
	rules := raised(t)
	for _, c := range []struct {
		panel, alert, compares string
		value                  float64
	}{
		{"shop-overview / How fast budgets burn, last hour", "OrdersAvailabilityBurn", "> 14.4 *", 14.4},
		{"shop-overview / How fast budgets burn, last hour", "OrdersAvailabilityBurn", "> 6 *", 6},
		{"shop-overview / How fast budgets burn, last hour", "OrdersAvailabilityBurn", "> 1 *", 1},
		{"shop-cache / Hit ratio", "CacheHitRatioLow", "< 0.5", 0.5},
		{"shop-cache / Hit ratio, 5 minutes", "CacheHitRatioLow", "< 0.5", 0.5},
		{"shop-cache / Lookups without the cache", "CacheUnavailable", "> 0.1", 0.1},
		{"shop-messaging / Oldest event in the outbox", "OutboxStalled", "> 60", 60},
		{"shop-messaging / Messages in queues", "QueueBacklog", "> 1000", 1000},
		{"shop-mesh / Next certificate ends in", "CertificateExpiring", "< 2 * 3600", 2 * 3600},
		{"shop-mesh / Next certificate ends in", "CertificateExpiring", "< 6 * 3600", 6 * 3600},
		{"shop-mesh / Life left of each certificate", "CertificateExpiring", "< 6 * 3600", 6 * 3600},
	} {
		if !slices.ContainsFunc(rules[c.alert], func(r observability.Rule) bool { return strings.Contains(r.Expr, c.compares) }) {
			t.Errorf("%s no longer compares %q", c.alert, c.compares)
		}
		if !slices.Contains(steps(c.panel), c.value) {
			t.Errorf("%s changes its colour at %v, the alert fires at %v", c.panel, steps(c.panel), c.value)
		}
	}
}

func steps(panel string) []float64 {
	var values []float64
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				for _, s := range p.Steps {
					if b.Name(p) == panel && s.Value != nil {
						values = append(values, *s.Value)
					}
				}
			}
		}
	}
	return values
}

// TestGoalsAreThoseOfTheRules: what dashboards say of a goal in words and colours
// is what the rules hold the shop to.
func TestGoalsAreThoseOfTheRules(t *testing.T) {
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	expr := map[string]string{}
	for _, g := range groups {
		for _, r := range g.Rules {
			expr[r.Record] = r.Expr
		}
	}
	for _, c := range []struct {
		goal      string
		objective float64
		bound     string // In the rule, of a goal of time.
		panel     string // A figure that turns green at the objective.
	}{
		{"orders_availability", 0.999, "", ""},
		{"orders_latency", 0.95, "0[.]25", ""},
		{"product_reads_availability", 0.9995, "", ""},
		{"product_reads_latency", 0.95, "0[.]05", ""},
		{"validate_token_availability", 0.9995, "", "shop-validate-token / Answered, last hour"},
		{"validate_token_latency", 0.95, "0[.]02", "shop-validate-token / Within 20 ms, last hour"},
		{"order_notified", 0.999, "5", "shop-messaging / Told within 5 s, last hour"},
	} {
		objective := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(expr["slo:"+c.goal+":objective"]), "vector("), ")")
		if got, err := strconv.ParseFloat(objective, 64); err != nil || got != c.objective {
			t.Errorf("%s: the rules' goal is %q", c.goal, objective)
		}
		if c.bound != "" && !regexp.MustCompile(`le=~?"`+c.bound).MatchString(expr["slo:"+c.goal+":error_ratio:rate1h"]) {
			t.Errorf("%s: the rules' bound is not %s: %s", c.goal, c.bound, expr["slo:"+c.goal+":error_ratio:rate1h"])
		}
		if c.panel != "" && !slices.Contains(steps(c.panel), c.objective) {
			t.Errorf("%s turns green at %v", c.panel, steps(c.panel))
		}
	}
}
