//go:build linux

package observe

import (
	"fmt"
	"testing"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// TestTheShopIsSeenFromOutside holds one running shop to what it promises to those
// who look at it, one thing after another.
func TestTheShopIsSeenFromOutside(t *testing.T) {
	s := start(t)
	first := map[string]string{}
	for _, door := range s.Doors() {
		first[door.Name] = s.page(t, door.Name)
	}
	t.Run("every figure is there from the start", func(t *testing.T) { fromTheStart(t, first) })
	seller, buyer := s.enter(t, "seller"), s.enter(t, "buyer")
	goods := s.stock(t, seller, 1000)
	before := s.messages()
	s.order(t, buyer, goods) // From here on nothing is done for the first time.
	s.told(t, before+3)
	for _, step := range []struct {
		name string
		test func(*testing.T, person, rest.Product)
	}{
		{"an order is one trace", s.oneTrace},
		{"also when its event waits", s.oneTraceThatWaits},
		{"so are other requests", s.otherTraces},
		{"figures count what was sent", s.figures},
		{"the slowest request is found by its exemplar", s.exemplar},
		{"nothing secret is shown", s.secrets},
		{"nobody who looks is missed", s.lookedAtByNobody},
		{"a random path makes no series", s.randomPaths},
	} {
		t.Run(step.name, func(t *testing.T) { step.test(t, buyer, goods) })
	}
}

// messages returns how many messages the channels have got.
func (s *shop) messages() int { return len(s.gateway.Requests()) + len(s.mail.Mails()) }

// told waits until the channels have got n messages in all.
func (s *shop) told(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		if got := s.messages(); got != n {
			return fmt.Errorf("%d", got)
		}
		return nil
	}, n, "messages")
}
