// Package journaltest is the contract of ports.Journal as tests that every
// adapter passes.
package journaltest

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/user/domain"
	"shop/user/ports"
)

// Run tests the journals that open returns, empty each time; names returns the
// names of what was recorded in the last one, oldest first.
func Run(t *testing.T, open func(t *testing.T) (journal ports.Journal, names func() []ports.EventName)) {
	t.Run("every event is recorded once, in its order", func(t *testing.T) {
		journal, names := open(t)
		for _, name := range ports.EventNames() {
			journal.Record(t.Context(), ports.Event{
				Name: name, User: 7, Session: "018f", Wait: 30 * time.Second,
				Address: domain.NewAddress(netip.MustParseAddr("10.0.0.1")),
			})
		}
		if got := names(); !slices.Equal(got, ports.EventNames()) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("an event about nobody from nowhere", func(t *testing.T) {
		journal, names := open(t)
		journal.Record(t.Context(), ports.Event{Name: ports.LoginUnknownUser})
		if got := names(); !slices.Equal(got, []ports.EventName{ports.LoginUnknownUser}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("events of one moment are all recorded", func(t *testing.T) {
		journal, names := open(t)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { journal.Record(t.Context(), ports.Event{Name: ports.LoginOK}) })
		}
		all.Wait()
		if got := names(); len(got) != 50 {
			t.Errorf("%d were recorded", len(got))
		}
	})
}
