package sqldb

import "testing"

func TestInspect(t *testing.T) {
	for query, want := range map[string]shape{
		"SELECT 1":                                                       {operation: "SELECT"},
		"select id from users where id = ?":                              {"SELECT", "users", false},
		"SELECT a\nFROM\t\"order lines\" WHERE b = ?":                    {"SELECT", "order", false},
		"SELECT count(*) FROM (SELECT 1 FROM items LIMIT ?) AS capped":   {"SELECT", "items", false},
		"SELECT (SELECT count(*) FROM outbox) AS n":                      {"SELECT", "outbox", false},
		"INSERT INTO items(a) VALUES (?)":                                {"INSERT", "items", true},
		"INSERT INTO \"items\" (a) SELECT b FROM other RETURNING id":     {"INSERT", "items", true},
		"UPDATE items SET a = ?":                                         {"UPDATE", "items", true},
		"DELETE FROM items WHERE id = ?":                                 {"DELETE", "items", true},
		"WITH x AS (SELECT 1 FROM a) SELECT * FROM x":                    {"SELECT", "a", false},
		"WITH x AS (SELECT id FROM a FOR UPDATE) SELECT * FROM x":        {"SELECT", "a", false},
		"WITH x AS (SELECT id FROM a FOR NO KEY UPDATE) SELECT * FROM x": {"SELECT", "a", false},
		"WITH x AS (SELECT 1 FROM a) SELECT * FROM b JOIN x ON true":     {"SELECT", "b", false},
		"WITH x AS (SELECT 1 FROM a) UPDATE items SET b = 1 FROM x":      {"UPDATE", "items", true},
		"WITH x AS (DELETE FROM a RETURNING id) SELECT count(*) FROM x":  {"DELETE", "a", true},
		`WITH x AS (SELECT * FROM unnest(?) AS g (id)), l AS (SELECT id FROM a WHERE id IN (SELECT id FROM x) FOR NO KEY UPDATE),
			c AS (UPDATE a SET n = 1 FROM l RETURNING id), r AS (INSERT INTO b SELECT id FROM c) SELECT * FROM c`: {"UPDATE", "a", true},
		"PRAGMA journal_mode": {"PRAGMA", "", true},
		"BEGIN":               {"BEGIN", "", true},
		"UPDATE":              {"UPDATE", "", true},
		"":                    {"UNKNOWN", "", true},
	} {
		if got := inspect(query); got != want {
			t.Errorf("%q: got %+v, want %+v", query, got, want)
		}
	}
}

func TestSanitise(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT a1 FROM t2 WHERE b = ?":               "SELECT a1 FROM t2 WHERE b = ?",
		"SELECT 'it''s secret', 12.5, x'00' FROM t":   "SELECT ?, ?, x? FROM t",
		`SELECT "col 1" FROM t LIMIT 10`:              `SELECT "col 1" FROM t LIMIT ?`,
		"SELECT 'unterminated secret":                 "SELECT ?",
		"SELECT a FROM t WHERE name = $1 AND é = 'é'": "SELECT a FROM t WHERE name = $? AND é = ?",
	} {
		if got := sanitise(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestRebind(t *testing.T) {
	const query = `SELECT data ?? 'a?''?' AS "b?" FROM t WHERE a = ? AND b = ?`
	if got, want := Postgres.rebind(query), `SELECT data ? 'a?''?' AS "b?" FROM t WHERE a = $1 AND b = $2`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := SQLite.rebind("a = ?"); got != "a = ?" {
		t.Errorf("got %q", got)
	}
}
