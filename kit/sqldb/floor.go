package sqldb

import (
	"context"
	"fmt"
)

// Floor is the table in which migrations say who can still work with the schema.
//
// While a service is upgraded, replicas of the version before work on the schema
// of the new one, and may have to start on it. Most migrations only add, so any
// program can: the schema is newer than it knows, and it doesn't mind. One that takes
// something away comes later, when no program uses that any more, and says so:
//
//	CREATE TABLE IF NOT EXISTS schema_floor (version BIGINT NOT NULL);
//	INSERT INTO schema_floor (version) VALUES (7);
//
// Programs that know migration 7, of the release that stopped using it, go on;
// older ones refuse to start. sqldbtest.Migrations fails for a migration that takes
// something away without a word.
const Floor = "schema_floor"

// floor returns the version that a program must know to work with the schema; 0 is
// any.
func (db *DB) floor(ctx context.Context) (version int64, err error) {
	exists := `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '` + Floor + `'`
	if db.dialect == Postgres {
		exists = `SELECT count(*) FROM pg_class WHERE oid = to_regclass('` + Floor + `')`
	}
	var n int
	if err := db.schema.QueryRowContext(ctx, exists).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	if err := db.schema.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM `+Floor).Scan(&version); err != nil {
		return 0, fmt.Errorf("read %s: %w", Floor, err)
	}
	return version, nil
}
