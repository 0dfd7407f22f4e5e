package rabbitmq

import (
	"context"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
)

// store is the messages that the broker has handed to one consumer and that are
// not settled: at most as many as its prefetch. What waits for a dependency waits
// here, what waits for a retry in a queue of the ladder.
//
// When the channel is lost the broker delivers all of them again, so they are
// forgotten; those being handled stay, without their channel, until their
// handlers end, to hold back the later messages of their keys.
type store struct {
	queue   string // The logical name.
	now     func() time.Time
	changes chan struct{}
	moves   chan move // Has room for as many as the prefetch.

	mu       sync.Mutex
	seq      int64
	channel  *amqp.Channel // Nil while there is none.
	messages []*held
}

var _ dispatch.Store = (*store)(nil)

// held is a delivery that is not settled.
type held struct {
	ref         int64
	channel     *amqp.Channel // Nil when it is lost.
	tag         uint64
	delivery    event.Delivery
	body        []byte
	contentType string
	due         time.Time
	busy        bool // Being handled, or on its way to another queue.
}

// newStore returns the store of a consumer of the queue with this logical name.
func newStore(queue string, prefetch int, now func() time.Time) *store {
	return &store{queue: queue, now: now, changes: make(chan struct{}, 1), moves: make(chan move, prefetch)}
}

// Changed implements dispatch.Store.
func (s *store) Changed() <-chan struct{} { return s.changes }

func (s *store) changed() {
	select {
	case s.changes <- struct{}{}:
	default: // It has not yet noticed the signal before.
	}
}

// Renew implements dispatch.Store: a claim lasts as long as its channel.
func (s *store) Renew(context.Context, []int64) error { return nil }

// begin makes ch the channel whose deliveries arrive.
func (s *store) begin(ch *amqp.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel = ch
}

// arrive takes a delivery of the channel.
func (s *store) arrive(d amqp.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.messages = append(s.messages, &held{
		ref: s.seq, channel: s.channel, tag: d.DeliveryTag,
		delivery: decode(d, s.queue, s.now()), body: d.Body, contentType: d.ContentType,
	})
	s.changed()
}

// lose forgets what is not being handled.
func (s *store) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel = nil
	s.messages = slices.DeleteFunc(s.messages, func(m *held) bool { return !m.busy })
	for _, m := range s.messages {
		m.channel = nil
	}
	s.changed()
}

// giveBack lets the broker deliver to others what is not being handled.
func (s *store) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m *held) bool {
		if !m.busy {
			_ = m.channel.Nack(m.tag, false, true) // The end of the channel gives it back too.
		}
		return !m.busy
	})
}

// Exchange implements dispatch.Store. It does not fail: what can't be settled was
// lost with its channel.
func (s *store) Exchange(_ context.Context, settled []dispatch.Settlement, room int) ([]dispatch.Message, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(settled)
	claimed, next := s.claim(room)
	return claimed, next, nil
}

// settle records what became of messages.
func (s *store) settle(settled []dispatch.Settlement) {
	done := map[*held]struct{}{}
	for _, x := range settled {
		m := s.find(x.Ref)
		if m == nil {
			continue
		}
		switch {
		case x.Verdict == event.Acknowledge, m.channel == nil:
			done[m] = struct{}{}
		case x.Verdict == event.Wait:
			m.busy, m.due = false, x.Due
		default:
			s.moves <- move{m, x}
		}
	}
	s.acknowledge(done)
}

func (s *store) find(ref int64) *held {
	for _, m := range s.messages {
		if m.ref == ref {
			return m
		}
	}
	return nil
}

// acknowledge tells the broker that messages are done with: by one word those
// that nothing unsettled came before, the others one by one. An error means that
// the channel is lost, which is noticed elsewhere.
func (s *store) acknowledge(done map[*held]struct{}) {
	if len(done) == 0 {
		return
	}
	s.messages = slices.DeleteFunc(s.messages, func(m *held) bool { _, ok := done[m]; return ok })
	lowest, all := s.lowest()
	var upTo uint64
	for m := range done {
		switch {
		case m.channel == nil: // Lost.
		case all || m.tag < lowest:
			upTo = max(upTo, m.tag)
		default:
			_ = m.channel.Ack(m.tag, false) // See above.
		}
	}
	if upTo > 0 {
		_ = s.channel.Ack(upTo, true) // See above.
	}
}

// lowest returns the smallest tag of the channel that is not settled; none is
// true if all are.
func (s *store) lowest() (tag uint64, none bool) {
	none = true
	for _, m := range s.messages {
		if m.channel != nil && (none || m.tag < tag) {
			tag, none = m.tag, false
		}
	}
	return tag, none
}

// claim takes up to room messages that are due and the first of their keys; next
// is when another becomes due.
func (s *store) claim(room int) (claimed []dispatch.Message, next time.Time) {
	now := s.now()
	seen := map[string]struct{}{}
	for _, m := range s.messages {
		if len(claimed) == room {
			break
		}
		key := m.delivery.Key
		if _, later := seen[key]; later && key != "" {
			continue
		}
		seen[key] = struct{}{}
		switch {
		case m.busy:
		case m.due.After(now):
			if next.IsZero() || m.due.Before(next) {
				next = m.due
			}
		default:
			m.busy = true
			claimed = append(claimed, dispatch.Message{Ref: m.ref, Delivery: m.delivery})
		}
	}
	return claimed, next
}

// depth returns how many messages wait here and how many are being handled.
func (s *store) depth() (waiting, inFlight int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		switch {
		case m.channel == nil: // The broker counts it.
		case m.busy:
			inFlight++
		default:
			waiting++
		}
	}
	return waiting, inFlight
}
