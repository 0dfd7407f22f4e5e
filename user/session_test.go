package user_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/service/servicetest"
	"shop/kit/testkit"

	"shop/user"
)

func TestClaimsOfAnAccessToken(t *testing.T) {
	s := start(t, "ACCESS_TOKEN_EXPIRE_MINUTES", "5")
	s.register("Anna").want(http.StatusCreated, "")
	a := s.login("anna", password)
	if a.text("expires_in") != "300" {
		t.Errorf("got %s", a.body)
	}
	parts := strings.Split(a.text("access_token"), ".")
	decode := func(segment string) object {
		b, err := base64.RawURLEncoding.DecodeString(segment)
		if err != nil {
			t.Fatal(err)
		}
		var o object
		if err := json.Unmarshal(b, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if got := decode(parts[0]); got["alg"] != "HS256" {
		t.Errorf("the header is %v", got)
	}
	now := float64(s.clock.Now().Unix())
	claims := decode(parts[1])
	for claim, want := range (object{"sub": "Anna", "uid": 1.0, "iat": now, "exp": now + 300, "typ": "access"}) {
		if claims[claim] != want {
			t.Errorf("%s is %v, want %v", claim, claims[claim], want)
		}
	}
	for _, claim := range []string{"jti", "iss", "sid"} {
		if text, ok := claims[claim].(string); !ok || text == "" {
			t.Errorf("%s is %v", claim, claims[claim])
		}
	}
}

func TestValidateToken(t *testing.T) {
	s := start(t)
	token := s.enter("anna").access
	const no = `{"valid":false,"username":null,"user_id":null,"message":"Token is invalid or expired"}`
	for name, body := range map[string]string{
		"empty": `{"token":""}`, "nonsense": `{"token":"x.y.z"}`, "with its scheme": `{"token":"Bearer ` + token + `"}`,
		"cut": `{"token":"` + token[1:] + `"}`, "huge": `{"token":"` + strings.Repeat("x", 1<<19) + `"}`,
		"alg none": `{"token":"eyJhbGciOiJub25lIn0.` + strings.Split(token, ".")[1] + `."}`,
		"escaped":  `{"token":"\u0041\n\u00e9"}`,
	} {
		if a := s.json("POST", "/validate-token", body).want(http.StatusOK, ""); a.body != no {
			t.Errorf("%s: got %s", name, a.body)
		}
	}
	for body, fault := range map[string]string{
		`{}`: "body.token: missing", `{"token":null}`: "body.token: string_type", `{"token":7}`: "body.token: string_type",
		`{"token":["x"]}`: "body.token: string_type", `{"token":"a\u0000"}`: "body.token: string_nul",
	} {
		if got := s.json("POST", "/validate-token", body).faults(); !slices.Equal(got, []string{fault}) {
			t.Errorf("%s: got %q, want %q", body, got, fault)
		}
	}
	s.wantValid(token, true)
	s.clock.Advance(30*time.Minute - time.Second)
	s.wantValid(token, true)
	s.clock.Advance(time.Second)
	s.wantValid(token, false)
}

func TestRefresh(t *testing.T) {
	s := start(t)
	first := s.enter("anna")
	s.clock.Advance(time.Hour)
	s.wantValid(first.access, false)
	second := grantOf(s.refresh(first.refresh))
	s.wantValid(second.access, true)
	third := grantOf(s.refresh(second.refresh))
	s.wantValid(second.access, true)

	reused := s.refresh(first.refresh).want(http.StatusUnauthorized, "refresh_reused")
	if reused.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %v", reused.header)
	}
	s.wantValid(second.access, false)
	s.wantValid(third.access, false)
	s.refresh(third.refresh).want(http.StatusUnauthorized, "refresh_invalid").wantDetail("Refresh token không hợp lệ hoặc đã hết hạn")
	s.refresh("made up").want(http.StatusUnauthorized, "refresh_invalid")
	s.refresh("").want(http.StatusUnauthorized, "refresh_invalid")
	s.refresh(third.access).want(http.StatusUnauthorized, "refresh_invalid")
	if got := s.json("POST", "/refresh", `{}`).faults(); !slices.Equal(got, []string{"body.refresh_token: missing"}) {
		t.Errorf("got %q", got)
	}
	s.enter("anna")
}

func TestARefreshTokenExpires(t *testing.T) {
	s := start(t, "REFRESH_TOKEN_EXPIRE_DAYS", "2")
	used, unused := s.enter("anna"), s.enter("anna")
	for range 5 {
		s.clock.Advance(47 * time.Hour)
		used = grantOf(s.refresh(used.refresh))
	}
	s.refresh(unused.refresh).want(http.StatusUnauthorized, "refresh_invalid")
}

func TestTwoRefreshesAtOnce(t *testing.T) {
	s := start(t)
	for range 10 {
		session := s.enter("anna")
		var all sync.WaitGroup
		answers := make([]answer, 2)
		for i := range answers {
			all.Go(func() { answers[i] = s.refresh(session.refresh) })
		}
		all.Wait()
		winner := slices.IndexFunc(answers, func(a answer) bool { return a.status == http.StatusOK })
		if winner < 0 {
			t.Fatalf("nobody succeeded: %s, %s", answers[0].body, answers[1].body)
		}
		answers[1-winner].want(http.StatusUnauthorized, "refresh_reused")
		s.wantValid(grantOf(answers[winner]).access, false)
		s.wantValid(session.access, false)
	}
}

func TestLogout(t *testing.T) {
	s := start(t)
	here, phone := s.enter("anna"), s.enter("anna")
	again := grantOf(s.refresh(here.refresh))
	gone := s.do("POST", "/logout", "", "", bearer(again.access)...).want(http.StatusNoContent, "")
	if gone.body != "" {
		t.Errorf("a body: %s", gone.body)
	}
	for _, token := range []string{here.access, again.access} {
		s.wantValid(token, false)
		s.do("POST", "/logout", "", "", bearer(token)...).want(http.StatusUnauthorized, "unauthenticated")
		s.do("GET", "/users/me", "", "", bearer(token)...).want(http.StatusUnauthorized, "unauthenticated")
	}
	s.refresh(again.refresh).want(http.StatusUnauthorized, "refresh_invalid")
	s.wantValid(phone.access, true)
}

func TestAKeyIsChangedWithoutLoggingAnyoneOut(t *testing.T) {
	database := "sqlite:///" + t.TempDir() + "/user.db"
	clock := testkit.NewClock(time.Time{})
	with := func(settings ...string) *server {
		return run(t, servicetest.Config(t, user.Spec(), environment(append(settings, "DATABASE_URL", database)...)), clock)
	}
	before := with()
	old := before.enter("anna")
	before.stop()
	const next = "the next key, as long as it has to be"
	during := with("SECRET_KEY", next, "SECRET_KEY_PREVIOUS", secretKey)
	during.wantValid(old.access, true)
	fresh := grantOf(during.refresh(old.refresh))
	during.stop()
	after := with("SECRET_KEY", next)
	after.wantValid(old.access, false)
	after.wantValid(fresh.access, true)
	after.refresh(fresh.refresh).want(http.StatusOK, "")
}
