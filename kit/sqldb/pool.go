package sqldb

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"shop/kit/errs"
)

// pool is one set of connections. Whoever uses one enters first and leaves
// afterwards: database/sql itself would let a caller wait for a free connection as
// long as the caller's whole work may take.
type pool struct {
	*sqlx.DB
	size   int
	writer bool // SQLite's writer.
	used   chan struct{}
	wait   time.Duration // The longest.

	waits  atomic.Int64
	waited atomic.Int64 // Nanoseconds.
}

func newPool(db *sqlx.DB, size int, wait time.Duration) *pool {
	return &pool{DB: db, size: size, used: make(chan struct{}, size), wait: wait}
}

// enter waits for a free connection. It gives up with errs.ErrUnavailable: an
// answer now is better than one more caller in a queue that grows.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.used <- struct{}{}:
		return nil
	default:
	}
	start := time.Now()
	defer func() {
		p.waits.Add(1)
		p.waited.Add(int64(time.Since(start)))
	}()
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case p.used <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errs.ErrUnavailable.Wrap(fmt.Errorf("none of %d connections was free for %s", p.size, p.wait))
	}
}

func (p *pool) leave() { <-p.used }

// run runs f with s on a connection of its own.
func (p *pool) run(ctx context.Context, s *statement, f func(context.Context, runner) error) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	stmt, err := p.prepare(ctx, s)
	if err != nil {
		return err
	}
	return f(ctx, stmt)
}

// dropIdle closes the idle connections. When one was lost the server has been
// away, and the others are as dead.
func (p *pool) dropIdle() {
	p.SetMaxIdleConns(-1)
	p.SetMaxIdleConns(p.size)
}
