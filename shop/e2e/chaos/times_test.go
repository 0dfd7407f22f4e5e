package chaos

import (
	"slices"
	"sync"
	"time"
)

// times collects how long things took. Safe for concurrent use.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

// Add notes one.
func (t *times) Add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, d)
}

// Quantile returns what the fraction q of all did not exceed; 0 of nothing.
func (t *times) Quantile(q float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == 0 {
		return 0
	}
	slices.Sort(t.all)
	return t.all[min(int(q*float64(len(t.all))), len(t.all)-1)]
}

// Count returns how many were noted.
func (t *times) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// short is d as a figure.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	default:
		return d.Round(100 * time.Microsecond).String()
	}
}
