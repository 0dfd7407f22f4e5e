package log_test

import (
	"net/netip"
	"testing"
	"time"

	"shop/kit/testkit"

	"shop/user/adapters/journaltest"
	"shop/user/adapters/log"
	"shop/user/domain"
	"shop/user/ports"
)

func TestJournal(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) (ports.Journal, func() []ports.EventName) {
		tel := testkit.Telemetry(t)
		return log.NewJournal(tel.Log), func() []ports.EventName {
			var names []ports.EventName
			for _, record := range tel.Logs("security event") {
				names = append(names, ports.EventName(record.Text("event")))
			}
			return names
		}
	})
}

func TestWhatARecordSays(t *testing.T) {
	tel := testkit.Telemetry(t)
	journal := log.NewJournal(tel.Log)
	journal.Record(t.Context(), ports.Event{
		Name: ports.LoginLocked, Address: domain.NewAddress(netip.MustParseAddr("2001:db8::1")), Wait: 90 * time.Second,
	})
	journal.Record(t.Context(), ports.Event{Name: ports.LoggedOut, User: 7, Session: "018f"})
	records := tel.Logs("security event")
	for i, want := range []testkit.Record{
		{"level": "WARN", "event": "login_locked", "client_address": "2001:db8::/64", "retry_after_seconds": 90.0, "user_id": nil, "session_id": nil},
		{"level": "INFO", "event": "logout", "client_address": "unknown", "retry_after_seconds": nil, "user_id": 7.0, "session_id": "018f"},
	} {
		for field, value := range want {
			if records[i][field] != value {
				t.Errorf("record %d: %s is %v, want %v", i, field, records[i][field], value)
			}
		}
	}
}
