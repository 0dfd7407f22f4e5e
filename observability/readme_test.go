package observability_test

import (
	"os"
	"strings"
	"testing"

	"shop/observability/dashboard"
)

// TestReadmeNamesEveryDashboardAndQuestion: who reads what the dashboards answer
// finds it there.
func TestReadmeNamesEveryDashboardAndQuestion(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range dashboard.All() {
		row := "| **" + b.Title + "** `/d/" + b.UID + "` | "
		for i, q := range b.Questions {
			if i > 0 {
				row += " · "
			}
			row += q.Ask
		}
		if !strings.Contains(string(text), row+" |\n") {
			t.Errorf("README.md has no line\n%s |", row)
		}
	}
}
