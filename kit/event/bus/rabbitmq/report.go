package rabbitmq

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeat is how often the same failure is logged again.
const repeat = time.Minute

// condition is whether something works, for health checks, and tells the log
// when that changes. Its zero value works.
type condition struct {
	log  *slog.Logger
	what string // "publishing to RabbitMQ"

	mu   sync.Mutex
	err  error
	said time.Time
}

// failed notes why it doesn't work.
func (c *condition) failed(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.err == nil || c.err.Error() != err.Error() || time.Since(c.said) >= repeat
	c.err = err
	if news {
		c.said = time.Now()
		c.log.WarnContext(ctx, c.what+" is interrupted, it is tried again for ever", "error", err)
	}
}

// begins notes why it doesn't work yet, which is no news.
func (c *condition) begins(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// works notes that it works.
func (c *condition) works(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil && !c.said.IsZero() {
		c.log.InfoContext(ctx, c.what+" works again")
	}
	c.err, c.said = nil, time.Time{}
}

// reason returns why it doesn't work, nil when it does.
func (c *condition) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
