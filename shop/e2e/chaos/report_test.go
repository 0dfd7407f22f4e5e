package chaos

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// report is what make chaos prints in the end: a row for each thing that was done
// to a promise.
type report struct{ rows []table.Row }

// Add notes what was done to the promise of the test, what was counted and what
// was measured.
func (r *report) Add(t *testing.T, done, counts, figures string) {
	t.Helper()
	_, promise, _ := strings.Cut(t.Name(), "/")
	promise, _, _ = strings.Cut(promise, "/")
	verdict := "kept"
	if t.Failed() {
		verdict = "BROKEN"
	}
	r.rows = append(r.rows, table.Row{strings.ReplaceAll(promise, "_", " "), done, counts, figures, verdict})
	t.Logf("%s: %s; %s; %s", verdict, done, counts, figures)
}

// Broken notes that a promise was not kept: a test that ended early has noted
// nothing.
func (r *report) Broken(promise string) {
	r.rows = append(r.rows, table.Row{promise, "", "", "what failed stands above", "BROKEN"})
}

// String returns the table.
func (r *report) String() string {
	const widest = 44
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = true
	t.AppendHeader(table.Row{"promise", "what was done", "counts", "figures", ""})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, AutoMerge: true, WidthMax: widest / 2, WidthMaxEnforcer: text.WrapSoft},
		{Number: 2, WidthMax: widest, WidthMaxEnforcer: text.WrapSoft},
		{Number: 3, WidthMax: widest, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, WidthMax: widest, WidthMaxEnforcer: text.WrapSoft},
	})
	t.AppendRows(r.rows)
	return t.Render()
}
