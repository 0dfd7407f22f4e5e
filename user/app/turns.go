package app

import (
	"context"
	"sync"

	"shop/kit/errs"
)

// turns lets the logins of one account pass one after another: whether a
// password may be tried depends on how the try before it ended. Other accounts
// don't wait.
type turns struct {
	mu    *sync.Mutex
	lines map[string]*line // Only accounts that someone is logging in to.
}

type line struct {
	turn   chan struct{} // Holds one element while nobody has the turn.
	people int
}

func newTurns() turns {
	return turns{mu: new(sync.Mutex), lines: map[string]*line{}}
}

// take waits for the turn of key; done passes it on. Who would wait beyond the
// deadline of ctx gets ErrOverloaded.
func (t turns) take(ctx context.Context, key string) (done func(), err error) {
	l := t.join(key)
	select {
	case <-l.turn:
		return func() { l.turn <- struct{}{}; t.leave(key, l) }, nil
	case <-ctx.Done():
		t.leave(key, l)
		return nil, errs.ErrOverloaded.Wrap(ctx.Err())
	}
}

func (t turns) join(key string) *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.lines[key]
	if !ok {
		l = &line{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		t.lines[key] = l
	}
	l.people++
	return l
}

func (t turns) leave(key string, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.people--; l.people == 0 {
		delete(t.lines, key)
	}
}
