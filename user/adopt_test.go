package user_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"

	"shop/user"
)

// The passwords of testdata/old.sql.
const (
	annas   = "Kk4DQuMMfZL9o"
	twins   = "9IeRXmnGxMYbs"
	longest = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"
)

// adopt runs migrate adopt on the database at url.
func adopt(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return servicetest.Command(t, user.Spec(), environment("DATABASE_URL", url), append([]string{"migrate", "adopt"}, args...)...)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q:\n%s", part, text)
		}
	}
}

func TestAnOldDatabaseIsTakenOver(t *testing.T) {
	sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
		sqldbtest.Restore(t, url, "testdata/old.sql")
		planned, done := servicetest.Adopt(t, url, adopt)
		contains(t, planned, "7 rows to copy", "the next id is 9", "00001_users.sql to apply", "dry run: nothing was changed",
			"exactly as it is spelled: 2 rows, ids 2, 4", "goes on working: 1 row, id 5", "can't log in: 1 row, id 7", "not active: 1 row, id 7")
		contains(t, done, "7 rows copied", "00001_users.sql applied", "the service can be started")
		if code, _, errs := adopt(t, url); code != 1 || !strings.Contains(errs, "already, at version") {
			t.Errorf("once more: exit code %d, %s", code, errs)
		}

		s := run(t, servicetest.Config(t, user.Spec(), environment("DATABASE_URL", url)), testkit.NewClock(time.Time{}))
		for _, tc := range []struct {
			name, password string
			status         int
			is             string
		}{
			{"Anna", annas, http.StatusOK, `"id":1,"username":"Anna"`},
			{"ANNA", annas, http.StatusOK, `"id":1,"username":"Anna"`},
			{"anna", twins, http.StatusOK, `"id":2,"username":"anna"`},
			{"anna", annas, http.StatusUnauthorized, ""},
			{"Nguyễn Ân", longest, http.StatusOK, `"id":3,`},
			{"NGUYỄN ÂN", longest, http.StatusOK, `"id":4,`},
			{" x\t", annas, http.StatusOK, `"id":5,`},
			{"berta", annas, http.StatusUnauthorized, ""},
			{"carla", "!", http.StatusUnauthorized, ""},
		} {
			a := s.login(tc.name, tc.password)
			if a.status != tc.status {
				t.Errorf("%q: got %d %s, want %d", tc.name, a.status, a.body, tc.status)
				continue
			}
			if tc.is != "" {
				contains(t, s.me(a.text("access_token")).body, tc.is)
			}
		}
		contains(t, s.me(s.login("Anna", annas).text("access_token")).body,
			`"created_at":"2024-02-29T23:59:59.123456Z","updated_at":"2024-02-29T23:59:59.123456Z"`)
		contains(t, s.me(s.login("anna", twins).text("access_token")).body, `"updated_at":"2024-03-02T08:30:00.500000Z"`)
		s.register("aNNA").want(http.StatusBadRequest, "username_taken")
		s.register("anna").want(http.StatusBadRequest, "username_taken")
		contains(t, s.register("dora").body, `"id":9,`)
		changed := s.patch(s.login("anna", twins).text("access_token"), map[string]string{"current_password": twins, "new_password": "another one"})
		if changed.status != http.StatusOK {
			t.Errorf("a twin changes the password: %d %s", changed.status, changed.body)
		}
		s.login("anna", "another one").want(http.StatusOK, "")
		s.login("Anna", annas).want(http.StatusOK, "")
	})
}

func TestAStartOnAnOldDatabaseSaysWhatToDo(t *testing.T) {
	sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
		sqldbtest.Restore(t, url, "testdata/old.sql")
		cfg := servicetest.Config(t, user.Spec(), environment("DATABASE_URL", url))
		_, err := user.Spec().Build(t.Context(), cfg, service.Parts{Tel: testkit.Telemetry(t).Telemetry})
		if err == nil || !strings.Contains(err.Error(), "taken over by user migrate adopt") {
			t.Errorf("got %v", err)
		}
		if code, _, errs := adopt(t, url); code != 0 {
			t.Errorf("exit code %d: %s", code, errs)
		}
	})
}

func TestAUserWhoDoesNotFitKeepsTheDatabaseAsItIs(t *testing.T) {
	for name, tc := range map[string]struct{ sql, says string }{
		"another kind of hash": {`UPDATE users SET hashed_password = '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA' WHERE id IN (1, 3)`, "no bcrypt hash; set it to '!' to keep a user who can't log in: 2 rows, ids 1, 3"},
		"a password in clear":  {`UPDATE users SET hashed_password = 'secret' WHERE id = 2`, "1 row, id 2"},
		"no name":              {`ALTER TABLE users ALTER username DROP NOT NULL; UPDATE users SET username = NULL WHERE id = 2`, "no username: 1 row, id 2"},
		"the same name twice":  {`DROP INDEX ix_users_username; UPDATE users SET username = 'Anna' WHERE id = 2`, "the same username twice: 2 rows, ids 1, 2"},
		"an id of 0":           {`UPDATE users SET id = 0 WHERE id = 1`, "an id below 1: 1 row, id 0"},
		"the end of time":      {`UPDATE users SET created_at = 'infinity' WHERE id = 1`, "years 1 to 9999: 1 row, id 1"},
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.EachPostgres(t, func(t *testing.T, url string) {
				sqldbtest.Restore(t, url, "testdata/old.sql", tc.sql)
				before := sqldbtest.Dump(t, url)
				for _, args := range [][]string{{"--dry-run"}, nil} {
					code, _, errs := adopt(t, url, args...)
					if code != 1 || !strings.Contains(errs, tc.says) {
						t.Errorf("exit code %d, %s; want it to say %q", code, errs, tc.says)
					}
				}
				if sqldbtest.Dump(t, url) != before {
					t.Error("the refused adoption changed something")
				}
			})
		})
	}
}
