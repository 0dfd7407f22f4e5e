package user_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestSecretsStayOut walks through everything that has to do with a secret, in
// debug mode, and then looks for the secrets in logs, spans and metrics.
func TestSecretsStayOut(t *testing.T) {
	s := start(t, "DEBUG", "True", "LOG_LEVEL", "debug")
	const typed, next, email, phone, push = "geheim-geheim-1", "geheim-geheim-2", "an.private@example.com", "+84 907 654 321", "fcm:private-device"
	s.json("POST", "/register", object{"username": "anna", "password": typed, "email": email, "phone": phone}).want(http.StatusCreated, "")
	s.json("POST", "/register", object{"username": "anna", "password": typed}).want(http.StatusBadRequest, "")
	s.json("POST", "/register", object{"username": "x", "password": typed, "email": email + " ", "phone": phone + "x"}).want(http.StatusUnprocessableEntity, "")
	first := grantOf(s.login("anna", typed))
	s.login("anna", next).want(http.StatusUnauthorized, "")
	s.login(typed, "wrong").want(http.StatusUnauthorized, "") // People type their password into the field of the name.
	second := grantOf(s.refresh(first.refresh))
	s.patch(second.access, object{"push_token": push, "email": email}).want(http.StatusOK, "")
	s.patch(second.access, object{"push_token": push + " "}).want(http.StatusUnprocessableEntity, "")
	s.patch(second.access, object{"current_password": next, "new_password": next}).want(http.StatusBadRequest, "")
	s.patch(second.access, object{"current_password": typed, "new_password": next}).want(http.StatusOK, "")
	s.me(second.access).want(http.StatusOK, "")
	s.do("GET", "/users/me?access_token="+second.access, "", "").want(http.StatusUnauthorized, "")
	s.do("GET", "/internal/users/1/contact", "", "", "X-Internal-Token", internalToken).want(http.StatusOK, "")
	s.wantValid(second.access, true)
	s.wantValid(second.access+"x", false)
	s.refresh(first.refresh).want(http.StatusUnauthorized, "refresh_reused")
	third := grantOf(s.login("anna", next))
	s.do("POST", "/logout", "", "", bearer(third.access)...).want(http.StatusNoContent, "")
	s.stop()

	hash, err := userHash(s)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{
		typed, next, email, phone, "84907654321", "907 654 321", push, secretKey, internalToken, hash,
		first.access, first.refresh, second.access, second.refresh, third.access, third.refresh,
		strings.Split(second.access, ".")[1], strings.Split(second.access, ".")[2],
	}
	places := map[string]string{"the log": s.tel.LogText(), "a span": "", "a metric": ""}
	for _, span := range s.tel.Spans("") {
		places["a span"] += fmt.Sprintln(span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	families, err := s.tel.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		places["a metric"] += family.String()
	}
	for place, text := range places {
		if len(text) < 1000 {
			t.Errorf("%s says next to nothing: %s", place, text)
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has the secret %q", place, secret)
			}
		}
	}
	for _, record := range s.tel.Logs("") {
		if record.Text("event") == "" && strings.Contains(fmt.Sprint(record), "127.0.0.1") && record.Text("msg") != "ready" {
			t.Errorf("a client address outside of the journal: %v", record)
		}
	}
}
