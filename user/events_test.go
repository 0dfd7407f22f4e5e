package user_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"shop/user/ports"
)

func TestEventsAreCountedAndRecorded(t *testing.T) {
	s := start(t)
	if got := s.tel.Series("auth_events_total"); got != len(ports.EventNames()) {
		t.Errorf("%d series before the first event, want %d", got, len(ports.EventNames()))
	}
	session := s.enter("anna")
	s.login("nobody", "wrong").want(http.StatusUnauthorized, "")
	for range 10 {
		s.login("anna", "wrong").want(http.StatusUnauthorized, "")
	}
	s.login("anna", password).want(http.StatusTooManyRequests, "")
	s.clock.Advance(30 * time.Second)
	s.patch(session.access, object{"current_password": password, "new_password": password}).want(http.StatusOK, "")
	s.refresh(session.refresh).want(http.StatusOK, "")
	s.refresh(session.refresh).want(http.StatusUnauthorized, "")
	s.refresh(session.refresh).want(http.StatusUnauthorized, "")
	s.do("POST", "/logout", "", "", bearer(s.enter("anna").access)...).want(http.StatusNoContent, "")
	deactivate(t, s, "anna")
	s.login("anna", password).want(http.StatusUnauthorized, "bad_credentials")

	want := map[ports.EventName]int{
		ports.Registered: 1, ports.LoginOK: 2, ports.LoginUnknownUser: 1, ports.LoginBadPassword: 10, ports.LoginLocked: 1,
		ports.PasswordChanged: 1, ports.RefreshOK: 1, ports.RefreshReuse: 1, ports.RefreshInvalid: 1, ports.LoggedOut: 1,
		ports.LoginInactive: 1,
	}
	recorded := map[ports.EventName]int{}
	for _, record := range s.tel.Logs("security event") {
		recorded[ports.EventName(record.Text("event"))]++
		if record.Text("client_address") == "" || record.Text("trace_id") == "" || record.Text("request_id") == "" {
			t.Errorf("a record that leads nowhere: %v", record)
		}
	}
	for _, name := range ports.EventNames() {
		if got := int(s.tel.Value("auth_events_total", "event", string(name))); got != want[name] || recorded[name] != want[name] {
			t.Errorf("%s: %d counted, %d recorded, want %d", name, got, recorded[name], want[name])
		}
	}
}

func TestChecksForOtherServicesAreCounted(t *testing.T) {
	s := start(t)
	results := []string{"valid", "expired", "malformed", "bad_signature", "revoked", "unknown_user", "error"}
	if got := s.tel.Series("auth_validate_token_server_total"); got != len(results) {
		t.Errorf("%d series before the first check, want %d", got, len(results))
	}
	old, out := s.enter("anna").access, s.enter("anna").access
	s.do("POST", "/logout", "", "", bearer(out)...).want(http.StatusNoContent, "")
	s.wantValid(old, true)
	s.wantValid(out, false)
	s.wantValid("nonsense", false)
	s.wantValid(old[:len(old)-4]+"AAAA", false)
	s.clock.Advance(time.Hour)
	s.wantValid(old, false)
	s.me(s.enter("anna").access).want(http.StatusOK, "") // An own check is none for others.
	for _, result := range results {
		want := 1.0
		if slices.Contains([]string{"unknown_user", "error"}, result) {
			want = 0
		}
		counted := s.tel.Value("auth_validate_token_server_total", "result", result)
		timed, _ := s.tel.Observations("auth_validate_token_server_duration_seconds", "result", result)
		if counted != want || float64(timed) != want {
			t.Errorf("%s: %v counted, %d timed, want %v", result, counted, timed, want)
		}
	}
}
