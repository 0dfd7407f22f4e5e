package sqldb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

const floorAt = "CREATE TABLE IF NOT EXISTS schema_floor (version BIGINT NOT NULL);\nINSERT INTO schema_floor (version) VALUES (%d);\n"

// TestAProgramStartsOnANewerSchemaThatOnlyAdds: also when others have left
// something behind that even older programs can't do without.
func TestAProgramStartsOnANewerSchemaThatOnlyAdds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		for name, up := range map[string]string{
			"no floor":           "CREATE TABLE extra (id BIGINT);",
			"a floor it reaches": "CREATE TABLE extra (id BIGINT);\n" + fmt.Sprintf(floorAt, 2),
		} {
			t.Run(name, func(t *testing.T) {
				ctx, db := t.Context(), e.Open(t)
				sqldbtest.Migrate(t, db, with("00010_extra.sql", up))
				before := sqldbtest.Schema(t, db)
				m := sqldbtest.Migrator(t, db, migrations())
				if done, err := m.Up(ctx); err != nil || len(done) > 0 {
					t.Errorf("up did %q, %v", versions(done), err)
				}
				if current, err := m.Current(ctx); err != nil || current != 10 {
					t.Errorf("at %d, %v, want 10", current, err)
				}
				if all, err := m.History(ctx); err != nil || versions(all) != "00001_items.sql 00002_inbox.sql" {
					t.Errorf("history is %q, %v", versions(all), err)
				}
				// It doesn't know the way back.
				for name, do := range map[string]func() error{
					"down": func() error { return second(m.Down(ctx, 1)) },
					"to":   func() error { return second(m.To(ctx, 1)) },
				} {
					err := do()
					if !errors.Is(err, sqldb.ErrNewerDatabase) {
						t.Errorf("%s: got %v", name, err)
					}
					oneLine(t, err)
				}
				if after := sqldbtest.Schema(t, db); fmt.Sprint(after) != fmt.Sprint(before) {
					t.Errorf("the schema was changed:\n%v\n%v", before, after)
				}
			})
		}
	})
}

func TestMigrationsThatTakeAwayMustSayFromWhichProgramOn(t *testing.T) {
	for up, fine := range map[string]bool{
		"CREATE TABLE extra (id BIGINT NOT NULL);":                                                                        true,
		"CREATE INDEX items_price ON items (price_minor);":                                                                true,
		"ALTER TABLE items ADD COLUMN colour TEXT;":                                                                       true,
		"ALTER TABLE items ADD COLUMN size BIGINT NOT NULL DEFAULT 0;":                                                    true,
		"-- Nobody may DROP TABLE items.\nCREATE TABLE extra (id BIGINT);":                                                true,
		"CREATE TABLE extra (id BIGINT);\nCREATE UNIQUE INDEX extra_id ON extra (id);\nALTER TABLE extra RENAME TO more;": true,
		"ALTER TABLE items ADD COLUMN size BIGINT NOT NULL;":                                                              false,
		"ALTER TABLE items DROP COLUMN note;":                                                                             false,
		"alter table items rename column note to remark;":                                                                 false,
		"ALTER TABLE items RENAME TO things;":                                                                             false,
		"ALTER TABLE items ALTER COLUMN price_minor TYPE INTEGER;":                                                        false,
		"ALTER TABLE items ALTER COLUMN note SET NOT NULL;":                                                               false,
		"ALTER TABLE items ADD CONSTRAINT cheap CHECK (price_minor < 5);":                                                 false,
		"CREATE UNIQUE INDEX items_note ON items (note);":                                                                 false,
		"DROP TABLE tags;":       false,
		"DROP INDEX items_name;": false,
		"CREATE TABLE extra (id BIGINT);\nALTER TABLE items DROP COLUMN note;":                        false,
		fmt.Sprintf(floorAt, 2) + "ALTER TABLE items DROP COLUMN note;":                               true,
		fmt.Sprintf(floorAt, 3) + "ALTER TABLE items DROP COLUMN note;":                               false,
		fmt.Sprintf(floorAt, 0) + "ALTER TABLE items DROP COLUMN note;":                               false,
		"CREATE TABLE IF NOT EXISTS schema_floor (version BIGINT);ALTER TABLE items DROP COLUMN note": false,
	} {
		files := with("00003_extra.sql", up)
		why := sqldbtest.TakesAway(files)
		if fine != (why == "") {
			t.Errorf("%s\nis said to be %q", up, why)
		}
		if !fine && !strings.Contains(why, "00003_extra.sql") {
			t.Errorf("%q does not name the migration", why)
		}
	}
	if why := sqldbtest.TakesAway(fstest.MapFS{}); why != "" {
		t.Errorf("nothing takes away: %q", why)
	}
}
