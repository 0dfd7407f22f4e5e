package sqldb_test

import (
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/testkit"
)

// A held outbox keeps its events, whoever wakes the relay and also at its end; the
// release publishes them at once.
func TestAHeldOutboxPublishesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		tel := testkit.Telemetry(t)
		o, b := sqldb.NewOutbox(db, tel.Telemetry, "order"), &broker{}
		shown := func(want float64) {
			t.Helper()
			if got := tel.Value("order_outbox_held"); got != want || tel.Series("order_outbox_held") != 1 {
				t.Errorf("order_outbox_held is %v, want %v", got, want)
			}
		}
		shown(0)
		o.Hold(t.Context())
		shown(1)
		stop := run(t, o, b, tel.Telemetry, quick(sqldb.RelaySettings{}))
		add(t, db, o, created("7", 1))
		stop() // It looked when it started, was woken by the commit, and flushes at its end.
		b.want(t, "")
		if n, _, err := o.Pending(t.Context()); n != 1 || err != nil || !o.Held() {
			t.Errorf("%d events wait (%v), held %v; want 1, true", n, err, o.Held())
		}

		run(t, o, b, tel.Telemetry, quick(sqldb.RelaySettings{Poll: time.Hour}))
		o.Release(t.Context())
		shown(0)
		testkit.Eventually(t, soon, func() bool { return len(b.names()) == 1 }, "the event is published once the outbox is released")
	})
}
