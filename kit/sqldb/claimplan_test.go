package sqldb_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jmoiron/sqlx"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
)

// TestABacklogAfterAQuietTimeIsClaimedByIndexes: the statistics of PostgreSQL say
// that nothing is unsent, as before the outage of a broker; a claim must find the
// earlier events of a key by the key and not by reading the backlog for each.
func TestABacklogAfterAQuietTimeIsClaimedByIndexes(t *testing.T) {
	for _, e := range sqldbtest.Engines() {
		if e.Dialect != sqldb.Postgres {
			continue
		}
		db := e.Open(t)
		sqldbtest.Migrate(t, db, fstest.MapFS{"postgres/00001_outbox.sql": {Data: []byte("-- +goose Up\n" + sqldb.OutboxSchema(sqldb.Postgres))}})
		for _, statement := range []string{
			`INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at, sent_at)
				SELECT 's' || n, 't', 's' || n, 1, '{}', '{}', 1, 1 FROM generate_series(1, 5000) AS n`,
			`ANALYZE outbox`,
			`INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at)
				SELECT 'u' || n, 't', 'u' || n % 4000, n / 4000 + 1, '{}', '{}', 1 FROM generate_series(0, 7999) AS n`,
		} {
			if _, err := db.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		claim := sqlx.Rebind(sqlx.DOLLAR, sqldb.ClaimPostgres)
		for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
			var plan []string
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				for _, statement := range []string{"SET LOCAL plan_cache_mode = " + mode, "PREPARE claim_" + mode + " AS " + claim} {
					if _, err := tx.Exec(t.Context(), statement); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(t.Context(), sqldb.InOrder); err != nil {
					return err
				}
				return tx.Select(t.Context(), &plan, "EXPLAIN EXECUTE claim_"+mode+"(1000000, 9000000, 1000000, 9000000, 100, 'lease', 5000000)")
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range plan {
				if strings.Contains(step, "Seq Scan") || strings.Contains(step, "using outbox_unsent on outbox e") {
					t.Errorf("%s reads the backlog for each event:\n%s", mode, strings.Join(plan, "\n"))
					break
				}
			}
		}
	}
}
