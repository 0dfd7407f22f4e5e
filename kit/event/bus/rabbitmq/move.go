package rabbitmq

import (
	"context"
	"slices"
	"sync"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
	"shop/kit/internal/pause"
)

// moveTimeout bounds one try to publish a message to another queue.
const moveTimeout = 10 * time.Second

// move is a message at fault on its way up the ladder or to the dead letters. It
// is held until the other queue has it; that the broker takes no messages must
// not keep the others from being handled.
type move struct {
	message    *held
	settlement dispatch.Settlement
}

// mover carries out moves until there are no more. When ctx ends, those that have
// not succeeded are left to be delivered again.
func (s *store) mover(ctx context.Context, p *publisher) {
	var moving sync.WaitGroup
	for m := range s.moves {
		moving.Go(func() { s.move(ctx, p, m) })
	}
	moving.Wait()
}

// move publishes a message to another queue, and acknowledges it when that has
// it. It is tried for as long as the message's channel lives.
func (s *store) move(ctx context.Context, p *publisher, m move) {
	to := m.to(p.names, s.now())
	wait := newBackOff()
	for s.alive(m.message) {
		if p.sendOne(ctx, moveTimeout, to) == nil {
			break
		}
		if !pause.For(ctx, wait.NextBackOff()) {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.message.channel != nil {
		_ = m.message.channel.Ack(m.message.tag, false) // If it is lost, the message comes twice.
	}
	s.messages = slices.DeleteFunc(s.messages, func(other *held) bool { return other == m.message })
	s.changed()
}

func (s *store) alive(m *held) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.channel != nil
}

// to is where the message goes.
func (m move) to(n names, now time.Time) outgoing {
	h, x := m.message, m.settlement
	d := h.delivery
	if x.Verdict == event.Bury {
		return outgoing{key: n.dead(d.Queue), message: buried(d, h.body, h.contentType, x.Attempts, x.Reason, now)}
	}
	wait := n.ladder[min(x.Attempts, len(n.ladder))-1]
	return outgoing{key: n.retry(d.Queue, wait), message: message(d.Event, h.body, h.contentType, x.Attempts)}
}
