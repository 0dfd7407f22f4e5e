package memory

import (
	"context"
	"sync"

	"shop/user/ports"
)

// Journal keeps its entries. The zero Journal is empty.
type Journal struct {
	mu      sync.Mutex
	entries []ports.Event
}

var _ ports.Journal = (*Journal)(nil)

// Record implements ports.Journal.
func (j *Journal) Record(_ context.Context, e ports.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

// Entries returns what was recorded since the last call, oldest first.
func (j *Journal) Entries() []ports.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries := j.entries
	j.entries = nil
	return entries
}
