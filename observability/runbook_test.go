package observability_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"shop/observability"
)

// What every runbook has, in this order.
var headings = []string{"Meaning", "Impact", "First look", "Causes", "Fix", "How to be sure"}

// runbooks returns the pages by the name of their alert.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	pages, err := observability.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for alert, page := range pages {
		text[alert] = string(page)
	}
	return text
}

func TestEveryRunbookHasItsAlertAndSixParts(t *testing.T) {
	known := map[string]bool{}
	for _, r := range alerts(t) {
		known[r.Alert] = true
	}
	for alert, page := range runbooks(t) {
		if !known[alert] {
			t.Errorf("%s is no alert", alert)
		}
		if !strings.HasPrefix(page, "# "+alert+"\n") {
			t.Errorf("%s has another title", alert)
		}
		parts := regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(page, -1)
		var got []string
		for _, part := range parts {
			got = append(got, part[1])
		}
		if !slices.Equal(got, headings) {
			t.Errorf("%s has the parts %q, want %q", alert, got, headings)
		}
		for _, text := range regexp.MustCompile(`(?m)^## .+$`).Split(page, -1)[1:] {
			const shortest = 40 // characters; less helps nobody.
			if len(strings.TrimSpace(text)) < shortest {
				t.Errorf("%s has a part that says only %q", alert, strings.TrimSpace(text))
			}
		}
		if !strings.Contains(page, "```promql\n") {
			t.Errorf("%s has no query to copy", alert)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

func TestTheIndexOfRunbooksHasEveryPage(t *testing.T) {
	index, err := os.ReadFile(filepath.Join("runbooks", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[(\w+)\]\((\w+)\.md\) \| .+ \|$`).FindAllStringSubmatch(string(index), -1) {
		if got = append(got, m[1]); m[1] != m[2] {
			t.Errorf("the link of %s leads to %s", m[1], m[2])
		}
	}
	if want := slices.Sorted(maps.Keys(runbooks(t))); !slices.Equal(got, want) {
		t.Errorf("the index has %v, want %v", got, want)
	}
}

func TestLinksOfRunbooksLeadSomewhere(t *testing.T) {
	for alert, page := range runbooks(t) {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			file := filepath.Join("runbooks", m[1])
			if uid, ok := strings.CutPrefix(m[1], "/d/"); ok {
				file = filepath.Join("grafana", "dashboards", uid+".json")
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", alert, m[1], err)
			}
		}
		for _, m := range regexp.MustCompile("`(/search[^`]*)`").FindAllStringSubmatch(page, -1) {
			checkSearch(t, alert, m[1])
		}
	}
}

// The runbook leads to the dashboard and to the search that its alert names.
func TestRunbooksSayWhatTheirAlertsSay(t *testing.T) {
	pages := runbooks(t)
	for _, r := range alerts(t) {
		page := pages[r.Alert]
		if !strings.Contains(page, "]("+r.Annotations["dashboard"]+")") {
			t.Errorf("%s does not lead to %s", r.Alert, r.Annotations["dashboard"])
		}
		search, asked := r.Annotations["trace_search"]
		if asked && !strings.Contains(search, "{{") && !strings.Contains(page, "`"+search+"`") {
			t.Errorf("%s does not have the search %s", r.Alert, search)
		}
		if asked && !strings.Contains(page, "`/search?") {
			t.Errorf("%s has no search for traces", r.Alert)
		}
	}
}

// Every line of a block of PromQL is a query by itself, which can be copied.
func TestQueriesOfRunbooksAreValid(t *testing.T) {
	type record struct{ Record, Expr string }
	var found []record
	pages := runbooks(t)
	for _, alert := range slices.Sorted(maps.Keys(pages)) {
		for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(pages[alert], -1) {
			for query := range strings.Lines(block[1]) {
				found = append(found, record{fmt.Sprintf("%s:%d", alert, len(found)), strings.TrimSpace(query)})
			}
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "runbooks", "rules": found}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// What a runbook names of the rules is there.
func TestRunbooksNameWhatIsRecorded(t *testing.T) {
	recorded := map[string]bool{}
	for _, r := range recordings(t) {
		recorded[r.Record] = true
	}
	for alert, page := range runbooks(t) {
		for _, name := range regexp.MustCompile(`\b\w+(:\w+){2,}\b`).FindAllString(page, -1) {
			if !recorded[name] {
				t.Errorf("%s asks for %s, which nobody records", alert, name)
			}
		}
	}
}

// The table in the README has every alert in its families, and no other.
func TestTheREADMEListsTheAlerts(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, r := range alerts(t) {
		want[r.Labels["family"]+" "+r.Alert] = true
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+) \| (\[.+) \|$`).FindAllStringSubmatch(string(text), -1) {
		for _, m := range regexp.MustCompile(`\[(\w+)\]\(runbooks/(\w+)\.md\)`).FindAllStringSubmatch(row[2], -1) {
			if m[1] != m[2] {
				t.Errorf("the link of %s leads to %s", m[1], m[2])
			}
			got[row[1]+" "+m[1]] = true
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the README lists %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}
