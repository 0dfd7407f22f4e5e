package drill_test

import (
	"slices"
	"testing"

	"shop/observability"
	"shop/observability/dashboard"
	"shop/shop/drill"
)

func TestThereAreTwelve(t *testing.T) {
	want := []string{
		"broker-down", "redis-hangs", "product-fails", "postgres-restarted", "certificate-broken",
		"poison-message", "login-flood", "stampede", "outbox-stopped", "sidecar-killed", "gateway-down", "user-slow",
	}
	if got := drill.Names(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, ok := drill.Find("earthquake"); ok {
		t.Error("there is an earthquake")
	}
}

// TestEveryDrillWaitsForAnAlertThatThereIs compares the drills with the rules: the
// name and the family, and that somebody has written what to do.
func TestEveryDrillWaitsForAnAlertThatThereIs(t *testing.T) {
	groups, err := observability.Groups()
	if err != nil {
		t.Fatal(err)
	}
	runbooks, err := observability.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drill.All() {
		found := false
		for _, g := range groups {
			found = found || slices.ContainsFunc(g.Rules, func(r observability.Rule) bool {
				return r.Alert == d.Alert.Name && r.Labels["family"] == d.Alert.Family && (d.Alert.Labels["burn"] == "" || d.Alert.Labels["burn"] == r.Labels["burn"])
			})
		}
		if !found {
			t.Errorf("%s waits for %s of family %s, which no rule raises", d.Name, d.Alert.Name, d.Alert.Family)
		}
		if runbooks[d.Alert.Name] == nil {
			t.Errorf("%s waits for %s, which has no runbook", d.Name, d.Alert.Name)
		}
	}
}

// TestEveryDrillShowsAPanelThatThereIs looks for the panels on the dashboards; each
// is one that leads to the alert's runbook.
func TestEveryDrillShowsAPanelThatThereIs(t *testing.T) {
	panels := map[drill.Panel]dashboard.Panel{}
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				panels[drill.Panel{Dashboard: b.UID, Title: p.Title}] = p
			}
		}
	}
	for _, d := range drill.All() {
		p, ok := panels[d.Panel]
		if !ok {
			t.Errorf("%s shows the panel %q of %s, which is not there", d.Name, d.Panel.Title, d.Panel.Dashboard)
		} else if !slices.Contains(p.Runbooks, d.Alert.Name) {
			t.Errorf("%s shows the panel %q, which does not lead to the runbook of %s", d.Name, d.Panel.Title, d.Alert.Name)
		}
	}
}
