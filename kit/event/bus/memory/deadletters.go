package memory

import (
	"context"
	"slices"

	"shop/kit/event"
)

// List implements event.DeadLetters.
func (b *Bus) List(_ context.Context, name string, limit int) ([]event.DeadLetter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil, errDown
	}
	q, ok := b.queues[name]
	if !ok {
		return nil, nil
	}
	return slices.Clone(q.dead[:min(max(limit, 0), len(q.dead))]), nil
}

// Replay implements event.DeadLetters.
func (b *Bus) Replay(_ context.Context, name string, ids ...string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return 0, errDown
	}
	q, ok := b.queues[name]
	if !ok {
		return 0, nil
	}
	var kept, replayed []event.DeadLetter
	for _, d := range q.dead {
		if len(ids) == 0 || slices.Contains(ids, d.ID) {
			replayed = append(replayed, d)
		} else {
			kept = append(kept, d)
		}
	}
	q.dead = kept
	for _, d := range replayed {
		b.push(q, d.Event)
	}
	return len(replayed), nil
}
