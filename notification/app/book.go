package app

import "shop/notification/domain"

// Deliveries is where a Notifier hands over what it records. A *Dispatcher is.
type Deliveries interface {
	// Book starts, as far as there is room now, the attempts of notifications that
	// are about to be recorded, and marks those as started: they are recorded as this
	// process's, which saves claiming them. The caller then calls handOver: with
	// whether they were recorded, their ids included.
	Book(notifications []domain.Notification) (handOver func(recorded bool))
}

var _ Deliveries = (*Dispatcher)(nil)

// Book as in Deliveries. What can't be booked is claimed when its turn comes.
func (d *Dispatcher) Book(notifications []domain.Notification) (handOver func(recorded bool)) {
	until := d.clock.Now().Add(d.limits.lease())
	begins := make([]func(domain.Notification), len(notifications))
	for i, n := range notifications {
		if begins[i] = d.book(n.Channel); begins[i] != nil {
			notifications[i] = n.Started(until)
		}
	}
	return func(recorded bool) {
		for i, n := range notifications {
			switch begin := begins[i]; {
			case begin != nil && recorded:
				go func() {
					defer d.unbook(n.Channel)
					begin(n)
				}()
			case begin != nil:
				d.unbook(n.Channel)
			case recorded:
				d.Wake(n.Channel)
			}
		}
	}
}

// book takes a free slot of the channel and returns what makes an attempt in it;
// nil if there is none.
func (d *Dispatcher) book(c domain.Channel) (begin func(domain.Notification)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begin == nil || !d.free[c].takeOne() {
		return nil
	}
	d.booked.Add(1)
	return d.begin
}

func (d *Dispatcher) unbook(c domain.Channel) {
	d.free[c].give(1)
	d.booked.Done()
}

// takeBookings says how attempts are made from now on; nil: not any more.
func (d *Dispatcher) takeBookings(begin func(domain.Notification)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begin = begin
}
