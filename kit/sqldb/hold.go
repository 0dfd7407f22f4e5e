package sqldb

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// hold is an operator's switch. Claims are made under its read lock, so that
// nothing is claimed any more when Hold has returned.
type hold struct {
	mu   sync.RWMutex
	held bool
}

// Hold keeps the events in the outbox until Release: the relays of this process
// claim none, also not at their end. What they had claimed before is still
// published. Other processes with the same outbox go on, and so does this one
// when it is started again.
func (o *Outbox) Hold(ctx context.Context) {
	if o.hold.set(true) {
		o.tel.Log.WarnContext(ctx, "the relay is held, events wait in the outbox until it is released")
	}
}

// Release undoes Hold; what waits is published at once.
func (o *Outbox) Release(ctx context.Context) {
	if o.hold.set(false) {
		o.tel.Log.InfoContext(ctx, "the relay is released")
	}
	o.Wake()
}

// Held reports whether events are kept back by Hold.
func (o *Outbox) Held() bool {
	o.hold.mu.RLock()
	defer o.hold.mu.RUnlock()
	return o.hold.held
}

// set reports whether held is a change.
func (h *hold) set(held bool) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = h.held != held
	h.held = held
	return changed
}

// newHeld shows the switch: a backlog that an operator has made is no fault of the
// broker.
func newHeld(o *Outbox, service string) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: service + "_outbox_held",
		Help: "1 while an operator holds the relay: events wait in the outbox.",
	}, func() float64 {
		if o.Held() {
			return 1
		}
		return 0
	})
}
