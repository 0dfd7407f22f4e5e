package testkit

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until the test moves it. Safe for
// concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a Clock that shows start; the zero time means a fixed day
// with microseconds, so that truncation shows.
func NewClock(start time.Time) *Clock {
	if start.IsZero() {
		start = time.Date(2026, time.March, 14, 15, 9, 26, 535897000, time.UTC)
	}
	return &Clock{now: start}
}

// Now returns what the clock shows; pass the method where a now function goes.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set makes the clock show now.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
