package sqldb

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestTheOutboxIsSearchedByItsIndexes guards what a backlog costs: no statement
// of the relay reads the whole table.
func TestTheOutboxIsSearchedByItsIndexes(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:///"+t.TempDir()+"/shop.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m, err := NewMigrator(db, fstest.MapFS{"sqlite/00001_outbox.sql": {Data: []byte("-- +goose Up\n" + OutboxSchema(SQLite))}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		query string
		index string
	}{
		"due":     {anyDue, "outbox_unsent"},
		"claim":   {claimSQLite, "outbox_unsent"},
		"pending": {countPending, "outbox_unsent"},
		"mark":    {markSent(SQLite), "INTEGER PRIMARY KEY"},
		"purge":   {purgeSent, "outbox_sent"},
	} {
		t.Run(name, func(t *testing.T) {
			var steps []struct {
				ID     int    `db:"id"`
				Parent int    `db:"parent"`
				Unused int    `db:"notused"`
				Detail string `db:"detail"`
			}
			if err := db.Select(t.Context(), &steps, "EXPLAIN QUERY PLAN "+tc.query, make([]any, strings.Count(tc.query, "?"))...); err != nil {
				t.Fatal(err)
			}
			var plan []string
			for _, s := range steps {
				plan = append(plan, s.Detail)
				scan := strings.HasPrefix(s.Detail, "SCAN") && !strings.Contains(s.Detail, "INDEX") && !strings.Contains(s.Detail, "json_each") && s.Detail != "SCAN CONSTANT ROW"
				if scan || strings.Contains(s.Detail, "TEMP B-TREE") {
					t.Errorf("reads or sorts everything: %s", s.Detail)
				}
			}
			if text := strings.Join(plan, "\n"); !strings.Contains(text, tc.index) {
				t.Errorf("%s isn't used:\n%s", tc.index, text)
			}
		})
	}
}
