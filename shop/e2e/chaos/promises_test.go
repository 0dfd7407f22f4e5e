// Package chaos tries to break the shop's promises: the four services as
// processes on real engines, which are killed, paused and cut off while clients
// go on. CHAOS=long makes more of everything; make chaos runs that.
package chaos

import "testing"

func TestPromises(t *testing.T) {
	s := newStage(t)
	t.Cleanup(func() { t.Logf("\n%s", s.report) })
	for _, p := range []struct {
		says     string
		tryBreak func(*testing.T, *stage)
	}{
		{"01 nothing is lost and nothing comes twice", nothingLostNothingTwice},
		{"02 nothing is sold twice", nothingSoldTwice},
		{"03 orders go on without the broker", ordersWithoutBroker},
		{"04 reads go on without the cache", readsWithoutCache},
		{"05 a restart of Postgres is a short 503", postgresRestarted},
		{"06 without the user service reads go on", userServiceAway},
		{"07 what is away is no fault of a message", awayIsNoFault},
		{"08 a stop breaks off nothing", stopBreaksNothingOff},
		{"09 an idempotency key is one order", oneKeyOneOrder},
		{"10 clocks and deliveries may be wrong", wrongClocksAndDeliveries},
	} {
		if !t.Run(p.says, func(t *testing.T) { p.tryBreak(t, s) }) {
			s.report.Broken(p.says)
		}
	}
}
