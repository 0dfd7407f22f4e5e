package sql

import (
	"context"
	"fmt"

	"shop/kit/sqldb"
	"shop/user/domain"
)

// exactly marks the key of a name that is found only as it is spelled. The key of
// no name begins like this: domain.NameKey leaves no lower-case letter.
const exactly = "exactly:"

// Adoption is how the users of the system before this one are taken over. It told
// names apart by their bytes. Where two are one name by our rule, the oldest
// account has the name in every spelling, the others only as they are spelled.
func Adoption() *sqldb.Adoption {
	moment := []string{"timestamp without time zone", "timestamp with time zone"} // Without a zone: UTC.
	return &sqldb.Adoption{
		Version: 1,
		Tables: []sqldb.OldTable{{
			Name: "users",
			Columns: []sqldb.OldColumn{
				{Name: "id", Types: []string{"integer", "bigint"}},
				{Name: "username", Types: []string{"character varying", "text"}},
				{Name: "hashed_password", Types: []string{"character varying", "text"}},
				{Name: "is_active", Types: []string{"boolean"}},
				{Name: "created_at", Types: moment},
				{Name: "updated_at", Types: moment},
			},
			Rules: []sqldb.OldRule{
				{Where: `id < 1`, Text: "an id below 1", Refused: true},
				{Where: `username IS NULL`, Text: "no username", Refused: true},
				{Where: `username IN (SELECT username FROM users GROUP BY 1 HAVING count(*) > 1)`, Text: "the same username twice", Refused: true},
				{
					Where:   `hashed_password IS NULL OR NOT (` + isBcrypt + ` OR hashed_password LIKE '!%')`,
					Text:    "a password hash that is no bcrypt hash; set it to '!' to keep a user who can't log in",
					Refused: true,
				},
				{Where: sqldb.OddMoment("created_at") + ` OR ` + sqldb.OddMoment("updated_at"), Text: "a time out of the years 1 to 9999", Refused: true},
				{Where: `username = ''`, Text: "an empty username, which nobody can log in with"},
				{Where: `hashed_password LIKE '!%'`, Text: "no password: the user can't log in"},
				{Where: `is_active IS NULL`, Text: "is_active is NULL: taken for not active"},
				{Where: `created_at IS NULL`, Text: "created_at is NULL: the time of the latest change is taken, else that of the adoption"},
			},
		}},
		Inspect: inspectUsers,
		Move:    moveUsers,
	}
}

// isBcrypt is the condition that a hash is as Python's bcrypt and its kin write
// it, whatever variant. Its length is not left to the pattern, which would take
// six times as long.
const isBcrypt = `octet_length(hashed_password) = 60 AND hashed_password ~ '^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]+$'`

func inspectUsers(ctx context.Context, t *sqldb.Takeover, f *sqldb.Findings) error {
	key := newKeys()
	return t.Each(ctx, "users", "username", func(id int64, name string) {
		if _, err := domain.NewUsername(name); err != nil {
			f.Note("users", fmt.Sprintf("a name that nobody could choose now (%v); it goes on working", err), id)
		}
		if _, twin := key(name); twin {
			f.Note("users", "a name that an older account has in another spelling; it goes on working exactly as it is spelled", id)
		}
	})
}

func moveUsers(ctx context.Context, t *sqldb.Takeover) error {
	keys := newKeys()
	return t.Fill(ctx, "users", "username", func(_ int64, name string) string {
		key, _ := keys(name)
		return key
	}, `
		INSERT INTO users (id, username, username_key, password_hash, is_active, created_at, updated_at)
		SELECT id, username, key, hashed_password, coalesce(is_active, FALSE),
		       coalesce(`+sqldb.MicrosOf("created_at")+`, `+sqldb.MicrosOf("updated_at")+`, `+sqldb.MicrosOf("now()")+`),
		       coalesce(`+sqldb.MicrosOf("updated_at")+`, `+sqldb.MicrosOf("created_at")+`, `+sqldb.MicrosOf("now()")+`)
		  FROM `+sqldb.OldSchema+`.users JOIN unnest($1::bigint[], $2::text[]) AS derived (id, key) USING (id)`)
}

// newKeys returns what gives each name its key, asked in the order of the ids.
// twin: an older account has the name already.
func newKeys() func(name string) (key string, twin bool) {
	taken := map[string]struct{}{}
	return func(name string) (string, bool) {
		key := domain.NameKey(name)
		if _, twin := taken[key]; twin {
			return exactly + name, true
		}
		taken[key] = struct{}{}
		return key, false
	}
}
