package user_test

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"

	"shop/user"
	"shop/user/adapters/sql"
)

// command runs a command line of the service beside s, on its database.
func command(t *testing.T, s *server, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, value := range environment("DATABASE_URL", string(s.cfg.DatabaseURL)) {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	code = user.Spec().Execute(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func deactivate(t *testing.T, s *server, name string) {
	t.Helper()
	if code, out, errs := command(t, s, "users", "deactivate", name); code != 0 || !strings.Contains(out, "can't log in") {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
}

// userHash returns the password hash of the first user, from the database of a
// service that has stopped.
func userHash(s *server) (string, error) {
	again := run(s.t, s.cfg, s.clock)
	defer again.stop()
	u, err := sql.NewUsers(again.in.Infra.DB).Get(s.t.Context(), 1)
	return u.Hash.Text(), err
}

func TestAnOperatorDeactivatesAUser(t *testing.T) {
	s := start(t)
	anna, berta := s.enter("Anna"), s.enter("berta")
	code, out, _ := command(t, s, "users", "list")
	want := "ID  USERNAME  ACTIVE  CREATED\n1   Anna      true    2026-03-14T15:09:26Z\n2   berta     true    2026-03-14T15:09:26Z\n"
	if code != 0 || out != want {
		t.Errorf("exit code %d, got\n%swant\n%s", code, out, want)
	}
	deactivate(t, s, "anna")
	s.wantValid(anna.access, false)
	s.wantValid(berta.access, true)
	s.me(anna.access).want(http.StatusUnauthorized, "unauthenticated")
	s.refresh(anna.refresh).want(http.StatusUnauthorized, "refresh_invalid")
	s.login("Anna", password).want(http.StatusUnauthorized, "bad_credentials")
	s.register("ANNA").want(http.StatusBadRequest, "username_taken")
	if a := s.do("GET", "/internal/users/1/contact", "", "", "X-Internal-Token", internalToken); !strings.HasSuffix(a.body, `"is_active":false}`) {
		t.Errorf("got %s", a.body)
	}

	if code, out, errs := command(t, s, "users", "activate", "ANNA"); code != 0 || out != "Anna can log in\n" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	s.wantValid(anna.access, false)
	s.refresh(anna.refresh).want(http.StatusUnauthorized, "refresh_invalid")
	s.wantValid(s.enter("Anna").access, true)
}

func TestWrongCommandLines(t *testing.T) {
	s := start(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown user": {[]string{"users", "deactivate", "nobody"}, 1, `there is no user "nobody"`},
		"no name":         {[]string{"users", "activate"}, 2, "accepts 1 arg(s), received 0"},
		"no verb":         {[]string{"users"}, 2, "users needs one of list, activate, deactivate"},
		"a wrong verb":    {[]string{"users", "delete", "anna"}, 2, ""},
	} {
		if code, _, errs := command(t, s, tc.args...); code != tc.code || !strings.Contains(errs, tc.says) {
			t.Errorf("%s: exit code %d, %q; want %d, %q", name, code, errs, tc.code, tc.says)
		}
	}
}

func TestWithoutAKeyNothingStarts(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SECRET_KEY", "")
	t.Setenv("BCRYPT_COST", "99")
	for _, args := range [][]string{nil, {"serve"}, {"check-config"}, {"users", "list"}} {
		var out, errs bytes.Buffer
		code := user.Spec().Execute(t.Context(), args, &out, &errs)
		if code != 2 || !strings.Contains(errs.String(), "SECRET_KEY") || !strings.Contains(errs.String(), "BCRYPT_COST=99") {
			t.Errorf("%v: exit code %d, %q", args, code, errs.String())
		}
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}
