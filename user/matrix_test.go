package user_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/kit/web"
)

// Who comes with which token, and what every route that needs one answers. There
// is no way to name another user in this API, so "other" is whoever the token
// says.
func TestAuthorisationMatrix(t *testing.T) {
	s := start(t)
	anna, berta := s.enter("anna"), s.enter("berta")
	loggedOut := s.enter("anna")
	s.do("POST", "/logout", "", "", bearer(loggedOut.access)...).want(http.StatusNoContent, "")
	s.enter("gone")
	gone := s.enter("gone")
	deactivate(t, s, "gone")
	old := s.enter("anna")
	s.clock.Advance(30 * time.Minute)
	anna, berta = grantOf(s.refresh(anna.refresh)), grantOf(s.refresh(berta.refresh))

	strangers := map[string][]string{
		"anonymous":             nil,
		"an empty header":       {"Authorization", ""},
		"no token":              {"Authorization", "Bearer"},
		"another scheme":        {"Authorization", "Basic " + anna.access},
		"a bare token":          {"Authorization", anna.access},
		"nonsense":              bearer("nonsense"),
		"two tokens":            bearer(anna.access + " " + anna.access),
		"a spoilt token":        bearer(anna.access[:len(anna.access)-5] + "aaaaa"),
		"a refresh token":       bearer(anna.refresh),
		"an expired token":      bearer(old.access),
		"a token logged out":    bearer(loggedOut.access),
		"a deactivated user":    bearer(gone.access),
		"a token in the query":  nil,
		"the internal token":    {"X-Internal-Token", internalToken},
		"someone's certificate": {"X-Forwarded-Client-Cert", "URI=spiffe://shop.local/ns/default/sa/product"},
	}
	protected := map[string]struct {
		contentType, body string
		status            int
	}{
		"GET /users/me":   {"", "", http.StatusOK},
		"PATCH /users/me": {"application/json", `{"locale":"en"}`, http.StatusOK},
		"POST /logout":    {"", "", http.StatusNoContent},
	}
	public := map[string]bool{
		"GET /": true, "GET /health": true, "GET /livez": true, "GET /readyz": true,
		"POST /register": true, "POST /login": true, "POST /refresh": true, "POST /validate-token": true,
	}
	for _, route := range web.RoutesOf(s.in.Service.Handler) {
		method, path, _ := strings.Cut(route, " ")
		call, needsToken := protected[route]
		if !needsToken {
			if !public[route] {
				t.Errorf("%s is neither protected nor public by this test", route)
			}
			continue
		}
		for who, headers := range strangers {
			query := ""
			if who == "a token in the query" {
				query = "?access_token=" + anna.access
			}
			a := s.do(method, path+query, call.contentType, call.body, headers...)
			if a.status != http.StatusUnauthorized || a.text("code") != "unauthenticated" || a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s by %s: got %d %s", route, who, a.status, a.body)
			}
		}
		english := s.do(method, path, call.contentType, call.body, "Accept-Language", "en")
		if english.text("detail") != "Could not validate credentials" {
			t.Errorf("%s in English: %s", route, english.body)
		}
		for who, token := range map[string]string{"the owner": anna.access, "another user": berta.access} {
			if a := s.do(method, path, call.contentType, call.body, "authorization", "bEaReR "+token); a.status != call.status {
				t.Errorf("%s by %s: got %d %s", route, who, a.status, a.body)
			}
		}
		anna, berta = s.enter("anna"), s.enter("berta")
	}
	if got := s.me(berta.access).text("username"); got != "berta" {
		t.Errorf("berta's token is that of %s", got)
	}
}

// A stranger learns that a token is needed before anything about the fields.
func TestOrderOfRefusals(t *testing.T) {
	s := start(t)
	token := s.enter("anna").access
	for name, tc := range map[string]struct {
		contentType, body string
		anonymous, known  int
	}{
		"too large":    {"application/json", strings.Repeat(" ", 1<<20+1), 413, 413},
		"wrong type":   {"text/plain", "{}", 415, 415},
		"wrong syntax": {"application/json", "{", 422, 422},
		"wrong fields": {"application/json", `{"locale":"fr"}`, 401, 422},
		"right":        {"application/json", `{}`, 401, 200},
	} {
		if a := s.do("PATCH", "/users/me", tc.contentType, tc.body); a.status != tc.anonymous {
			t.Errorf("%s without a token: got %d %s", name, a.status, a.body)
		}
		if a := s.do("PATCH", "/users/me", tc.contentType, tc.body, bearer(token)...); a.status != tc.known {
			t.Errorf("%s with a token: got %d %s", name, a.status, a.body)
		}
	}
}
