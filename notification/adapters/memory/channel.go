package memory

import (
	"context"
	"slices"
	"sync"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Channel is a ports.Channel that keeps what it is sent. The zero value takes
// everything.
type Channel struct {
	mu     sync.Mutex
	sent   []domain.Message
	answer func(ctx context.Context, m domain.Message) error
}

var _ ports.Channel = (*Channel)(nil)

// Answer makes f decide on every further message; nil takes everything again.
func (c *Channel) Answer(f func(ctx context.Context, m domain.Message) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = f
}

// Send as in ports.Channel. What it refuses it does not keep.
func (c *Channel) Send(ctx context.Context, m domain.Message) error {
	c.mu.Lock()
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, m); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, m)
	return nil
}

// Sent returns what was taken so far.
func (c *Channel) Sent() []domain.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}
