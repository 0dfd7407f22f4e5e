package memory

import (
	"context"
	"slices"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
)

// store is a queue as one consumer sees it. Claims last until they are settled:
// a consumer can't die without its process.
type store struct {
	bus     *Bus
	queue   *queue
	name    string
	changes chan struct{}
}

var _ dispatch.Store = (*store)(nil)

func (s *store) Changed() <-chan struct{} { return s.changes }

func (s *store) Renew(context.Context, []int64) error { return nil }

func (s *store) Exchange(_ context.Context, settled []dispatch.Settlement, room int) ([]dispatch.Message, time.Time, error) {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if s.bus.down {
		return nil, time.Time{}, errDown
	}
	for _, x := range settled {
		s.settle(x)
	}
	claimed, next := s.claim(room)
	return claimed, next, nil
}

// settle records what became of a message. Other consumers may now have
// something to do.
func (s *store) settle(x dispatch.Settlement) {
	i := slices.IndexFunc(s.queue.messages, func(m *message) bool { return m.seq == x.Ref })
	if i < 0 {
		return
	}
	m := s.queue.messages[i]
	m.claimed, m.attempts = false, x.Attempts
	switch x.Verdict {
	case event.Wait, event.Retry:
		m.due = x.Due
	case event.Bury:
		s.queue.dead = append(s.queue.dead, event.DeadLetter{
			Event: m.event, Queue: s.name, Attempts: x.Attempts, Reason: x.Reason, DeadAt: s.bus.now().UTC(),
		})
		fallthrough
	case event.Acknowledge:
		s.queue.messages = slices.Delete(s.queue.messages, i, i+1)
	}
	s.queue.changed()
}

// claim takes up to room messages that are due and the first of their keys; next
// is when another becomes due.
func (s *store) claim(room int) (claimed []dispatch.Message, next time.Time) {
	now := s.bus.now()
	seen := map[string]struct{}{}
	for _, m := range s.queue.messages {
		if len(claimed) == room {
			break
		}
		if _, later := seen[m.event.Key]; later && m.event.Key != "" {
			continue
		}
		seen[m.event.Key] = struct{}{}
		switch {
		case m.claimed:
		case m.due.After(now):
			if next.IsZero() || m.due.Before(next) {
				next = m.due
			}
		default:
			m.claimed = true
			claimed = append(claimed, dispatch.Message{
				Ref:      m.seq,
				Delivery: event.Delivery{Event: clone(m.event), Queue: s.name, Attempts: m.attempts},
			})
		}
	}
	return claimed, next
}
