package user_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestRegister(t *testing.T) {
	s := start(t)
	a := s.json("POST", "/register", `{"username":"Nguyễn Ân","password":"mat-khau","email":null,"role":"admin"}`)
	const want = `{"id":1,"username":"Nguyễn Ân","is_active":true,` +
		`"created_at":"2026-03-14T15:09:26.535897Z","updated_at":"2026-03-14T15:09:26.535897Z"}`
	if a.want(http.StatusCreated, ""); a.body != want {
		t.Errorf("got %s, want %s", a.body, want)
	}
	if got := s.register("binh").read()["id"]; got == a.read()["id"] {
		t.Errorf("two users have the id %v", got)
	}
}

func TestANameIsTakenInAnyLetterCase(t *testing.T) {
	s := start(t)
	s.register("Nguyễn").want(http.StatusCreated, "")
	for _, name := range []string{"Nguyễn", "NGUYỄN", "nguyễn", "Nguye\u0302\u0303n"} {
		s.register(name).want(http.StatusBadRequest, "username_taken")
	}
	s.register("x'); DROP TABLE users;--").want(http.StatusCreated, "")
	s.register("nguyễn").wantDetail("Username 'nguyễn' đã tồn tại. Vui lòng chọn username khác.")
	s.json("POST", "/register", object{"username": "NGUYỄN", "password": password}, "Accept-Language", "en").
		wantDetail("Username 'NGUYỄN' is taken. Please choose another one.")
	problem := s.json("POST", "/register", object{"username": "nguyễn", "password": password}, "Accept", "application/problem+json")
	if problem.want(http.StatusBadRequest, "username_taken"); problem.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %v", problem.header)
	}
}

func TestOfManyWhoRegisterOneNameAtOnceOneDoes(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	statuses := make([]int, 12)
	for i := range statuses {
		name := []string{"same", "Same", "SAME"}[i%3]
		all.Go(func() { statuses[i] = s.register(name).status })
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusCreated || statuses[1] != http.StatusBadRequest || statuses[11] != http.StatusBadRequest {
		t.Errorf("got %v, want one 201 and eleven 400", statuses)
	}
}

func TestEveryFaultOfARegistrationAtOnce(t *testing.T) {
	s := start(t, "PASSWORD_MIN_LENGTH", "8")
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"nothing":     {`{}`, []string{"body.username: missing", "body.password: missing"}},
		"nulls":       {`{"username":null,"password":null}`, []string{"body.username: string_type", "body.password: string_type"}},
		"wrong types": {`{"username":7,"password":["x"],"email":{},"phone":1}`, []string{"body.username: string_type", "body.password: string_type", "body.email: string_type", "body.phone: string_type"}},
		"everything wrong": {
			`{"username":"ab","password":"1234567","email":"an@","phone":"0"}`,
			[]string{"body.username: string_too_short", "body.password: string_too_short", "body.email: email_invalid", "body.phone: phone_invalid"},
		},
		"a name with spaces around": {`{"username":" abc ","password":"12345678"}`, []string{"body.username: username_edges"}},
		"a name with a tab":         {`{"username":"ab\tc","password":"12345678"}`, []string{"body.username: username_characters"}},
		"a name with NUL":           {`{"username":"ab\u0000c","password":"12345678"}`, []string{"body.username: string_nul"}},
		"half a character":          {`{"username":"ab\ud800c","password":"12345678"}`, []string{"body.username: string_unicode"}},
		"too long":                  {`{"username":"` + strings.Repeat("ổ", 51) + `","password":"` + strings.Repeat("x", 257) + `"}`, []string{"body.username: string_too_long", "body.password: string_too_long"}},
		"no JSON":                   {`username=an`, []string{"body.1: json_invalid"}},
		"no object":                 {`["an"]`, []string{"body: dict_type"}},
		"empty":                     {``, []string{"body: missing"}},
		"deeply nested":             {strings.Repeat("[", 100_000), nil},
		"invalid UTF-8":             {"{\"username\":\"ab\xffc\"}", []string{"body.15: json_invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			got := s.json("POST", "/register", tc.body).want(http.StatusUnprocessableEntity, "validation_failed").faults()
			if tc.want != nil && !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	s.do("POST", "/register", "text/plain", "{}").want(http.StatusUnsupportedMediaType, "unsupported_media_type")
	s.json("POST", "/register", `{"username":"`+strings.Repeat("a", 1<<20)+`"}`).want(http.StatusRequestEntityTooLarge, "body_too_large")
}

func TestPasswordsAreNeverCut(t *testing.T) {
	s := start(t)
	for name, chosen := range map[string]string{
		"sixty-four": strings.Repeat("mậtkhẩu_", 8), "of-72-bytes": strings.Repeat("x", 72), "of-73-bytes": strings.Repeat("x", 73),
		"longest": strings.Repeat("ổ", 256),
	} {
		s.json("POST", "/register", object{"username": name, "password": chosen}).want(http.StatusCreated, "")
		s.login(name, chosen).want(http.StatusOK, "")
		s.login(name, chosen+"y").want(http.StatusUnauthorized, "bad_credentials")
		other := []rune(chosen)
		other[len(other)-1] = 'y'
		s.login(name, string(other)).want(http.StatusUnauthorized, "bad_credentials")
	}
}
