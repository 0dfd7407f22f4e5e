package user_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func (s *server) me(token string) answer {
	s.t.Helper()
	return s.do("GET", "/users/me", "", "", bearer(token)...)
}

func (s *server) patch(token string, body any) answer {
	s.t.Helper()
	return s.json("PATCH", "/users/me", body, bearer(token)...)
}

func TestProfile(t *testing.T) {
	s := start(t)
	s.json("POST", "/register", object{"username": "anna", "password": password, "email": "an@example.com", "phone": "090 123 4567"}).
		want(http.StatusCreated, "")
	token := grantOf(s.login("anna", password)).access
	const start = `{"id":1,"username":"anna","is_active":true,"created_at":"2026-03-14T15:09:26.535897Z","updated_at":`
	a := s.me(token).want(http.StatusOK, "")
	const want = start + `"2026-03-14T15:09:26.535897Z","email":"an@example.com","phone":"090 123 4567","locale":"vi","push_token":null}`
	if a.body != want || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s with %v, want %s", a.body, a.header, want)
	}
	s.clock.Advance(time.Minute)
	for _, step := range []struct {
		name, body, want string
	}{
		{"nothing", `{}`, `"2026-03-14T15:09:26.535897Z","email":"an@example.com","phone":"090 123 4567","locale":"vi","push_token":null}`},
		{"what is there", `{"email":"an@example.com","username":"berta"}`, `"2026-03-14T15:09:26.535897Z","email":"an@example.com","phone":"090 123 4567","locale":"vi","push_token":null}`},
		{"one field", `{"locale":"en"}`, `"2026-03-14T15:10:26.535897Z","email":"an@example.com","phone":"090 123 4567","locale":"en","push_token":null}`},
		{"clear and set", `{"email":null,"push_token":"fcm:abc","phone":"+84907654321"}`, `"2026-03-14T15:10:26.535897Z","email":null,"phone":"+84907654321","locale":"en","push_token":"fcm:abc"}`},
		{"clear all", `{"email":null,"push_token":null,"phone":null,"locale":null}`, `"2026-03-14T15:10:26.535897Z","email":null,"phone":null,"locale":"vi","push_token":null}`},
	} {
		changed := s.patch(token, step.body).want(http.StatusOK, "")
		if changed.body != start+step.want {
			t.Errorf("%s: got %s, want %s", step.name, changed.body, start+step.want)
		}
		if got := s.me(token); got.body != changed.body {
			t.Errorf("%s: read %s afterwards, want %s", step.name, got.body, changed.body)
		}
	}
}

func TestEveryFaultOfAChangeAtOnce(t *testing.T) {
	s := start(t)
	token := s.enter("anna").access
	for body, want := range map[string][]string{
		`{"email":"x","phone":"y","locale":"fr","push_token":"a b"}`: {"body.email: email_invalid", "body.phone: phone_invalid", "body.locale: enum", "body.push_token: push_token_invalid"},
		`{"email":1,"phone":true,"locale":[],"push_token":{}}`:       {"body.email: string_type", "body.phone: string_type", "body.locale: string_type", "body.push_token: string_type"},
		`{"email":"","phone":"","locale":"","push_token":""}`:        {"body.email: email_invalid", "body.phone: phone_invalid", "body.locale: enum", "body.push_token: push_token_invalid"},
		`{"current_password":"x"}`:                                   {"body.new_password: missing"},
		`{"new_password":"another one"}`:                             {"body.current_password: missing"},
		`{"current_password":"x","new_password":"short"}`:            {"body.new_password: string_too_short"},
		`{"current_password":null,"new_password":null}`:              {"body.current_password: string_type", "body.new_password: string_type"},
		`{"locale":"fr","current_password":1}`:                       {"body.locale: enum", "body.current_password: string_type", "body.new_password: missing"},
	} {
		if got := s.patch(token, body).faults(); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	english := s.json("PATCH", "/users/me", `{"locale":"fr"}`, append(bearer(token), "Accept-Language", "en")...)
	if !strings.Contains(english.body, `Input should be one of: 'vi', 'en'`) {
		t.Errorf("got %s", english.body)
	}
	if got := s.me(token); strings.Contains(got.body, `"updated_at":"2026-03-14T15:09:26.535897Z"`) == false {
		t.Errorf("a refused change has changed something: %s", got.body)
	}
}

func TestANewPasswordEndsAllOtherSessions(t *testing.T) {
	s := start(t)
	mine, other := s.enter("anna"), s.enter("anna")
	s.patch(mine.access, object{"current_password": "wrong", "new_password": "another one"}).
		want(http.StatusBadRequest, "wrong_password").wantDetail("Password hiện tại không đúng")
	s.wantValid(other.access, true)
	s.patch(mine.access, object{"current_password": password, "new_password": "another one", "email": "an@example.com"}).
		want(http.StatusOK, "")
	if got := s.me(mine.access).text("email"); got != "an@example.com" {
		t.Errorf("the e-mail address is %s", got)
	}
	s.wantValid(mine.access, true)
	s.wantValid(other.access, false)
	s.refresh(other.refresh).want(http.StatusUnauthorized, "refresh_invalid")
	s.refresh(mine.refresh).want(http.StatusOK, "")
	s.login("anna", password).want(http.StatusUnauthorized, "bad_credentials")
	s.login("anna", "another one").want(http.StatusOK, "")
}

func TestGuessingTheCurrentPasswordIsThrottled(t *testing.T) {
	s := start(t)
	mine := s.enter("anna")
	for range 10 {
		s.patch(mine.access, object{"current_password": "wrong", "new_password": "another one"}).want(http.StatusBadRequest, "wrong_password")
	}
	a := s.patch(mine.access, object{"current_password": password, "new_password": "another one"}).want(http.StatusTooManyRequests, "login_throttled")
	if got := a.header.Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After: %s", got)
	}
	s.patch(mine.access, object{"locale": "en"}).want(http.StatusOK, "")
}

func TestContactIsForOtherServices(t *testing.T) {
	s := start(t)
	token := s.enter("anna").access
	s.patch(token, object{"email": "an@example.com", "phone": "090 123-4567", "push_token": "fcm:abc", "locale": "en"}).want(http.StatusOK, "")
	s.register("berta").want(http.StatusCreated, "")
	get := func(id string, headers ...string) answer {
		return s.do("GET", "/internal/users/"+id+"/contact", "", "", headers...)
	}
	known := []string{"X-Internal-Token", internalToken}
	for id, want := range map[string]string{
		"1": `{"user_id":1,"username":"anna","email":"an@example.com","phone":"+84901234567","locale":"en","push_token":"fcm:abc","is_active":true}`,
		"2": `{"user_id":2,"username":"berta","email":null,"phone":null,"locale":"vi","push_token":null,"is_active":true}`,
	} {
		if a := get(id, known...).want(http.StatusOK, ""); a.body != want {
			t.Errorf("got %s, want %s", a.body, want)
		}
	}
	missing := get("99", known...).want(http.StatusNotFound, "user_not_found")
	missing.wantDetail("Không tìm thấy người dùng có ID: 99")
	if !strings.Contains(missing.body, `"params":{"id":99}`) {
		t.Errorf("got %s", missing.body)
	}
	for _, id := range []string{"0", "-1", "x", "99999999999999999999", "1.5"} {
		get(id, known...).want(http.StatusUnprocessableEntity, "validation_failed")
	}
	get("1").want(http.StatusForbidden, "")
	get("1", "X-Internal-Token", "wrong").want(http.StatusForbidden, "")
	get("1", bearer(token)...).want(http.StatusForbidden, "")
	closed := start(t, "INTERNAL_TOKEN", "")
	closed.do("GET", "/internal/users/1/contact", "", "", "X-Internal-Token", "").want(http.StatusNotFound, "route_not_found")
}
