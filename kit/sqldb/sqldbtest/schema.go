package sqldbtest

import (
	"slices"
	"strings"
	"testing"

	"shop/kit/sqldb"
)

// postgresObjects lists the columns, constraints, indexes, sequences and storage
// options of the public schema, but for goose's own table.
const postgresObjects = `
SELECT table_name AS owner, 'column ' || ordinal_position || ' ' || column_name || ' ' || data_type
       || coalesce('(' || numeric_precision || ',' || numeric_scale || ')', '')
       || coalesce('(' || character_maximum_length || ')', '')
       || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
       || coalesce(' default ' || column_default, '') || coalesce(' identity ' || identity_generation, '') AS text
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT relname, 'constraint ' || conname || ' ' || pg_get_constraintdef(c.oid)
  FROM pg_constraint c JOIN pg_class ON pg_class.oid = conrelid WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT relname, 'options ' || array_to_string(reloptions, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
UNION ALL
SELECT event_object_table, 'trigger ' || trigger_name || ' ' || action_timing || ' ' || event_manipulation || ' ' || action_statement
  FROM information_schema.triggers WHERE trigger_schema = 'public'
UNION ALL
SELECT typname, 'enum ' || string_agg(enumlabel, ',' ORDER BY enumsortorder)
  FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY typname
UNION ALL
SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'`

// Schema returns the definition of every table, index, constraint and trigger of
// db, sorted; of the named tables only, if any are named.
func Schema(t testing.TB, db *sqldb.DB, tables ...string) []string {
	t.Helper()
	query := `SELECT tbl_name AS owner, sql AS text FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'`
	if db.Dialect() == sqldb.Postgres {
		query = postgresObjects
	}
	var objects []struct {
		Owner string `db:"owner"`
		Text  string `db:"text"`
	}
	if err := db.Select(t.Context(), &objects, query); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range objects {
		if o.Owner == "goose_db_version" || len(tables) > 0 && !slices.Contains(tables, o.Owner) {
			continue
		}
		lines = append(lines, o.Owner+": "+strings.Join(strings.Fields(o.Text), " "))
	}
	slices.Sort(lines)
	return lines
}
