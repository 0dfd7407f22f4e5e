package bcrypt

import (
	"context"
	"runtime"
	"sync"
	"time"

	"shop/kit/errs"
	"shop/user/domain"
	"shop/user/ports"
)

// Bounded lets few callers hash at once, so that a wave of logins leaves the
// other requests a processor. The rest wait in line; who could not be served
// before the deadline is sent away at once rather than at the end of it.
type Bounded struct {
	next  ports.Hasher
	slots chan struct{}
	now   func() time.Time

	mu      sync.Mutex
	waiting int
	typical time.Duration // A moving average of what one call takes; 0 before the first.
}

var _ ports.Hasher = (*Bounded)(nil)

// Slots returns how many may hash at once on this machine: all processors but
// one.
func Slots() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// NewBounded lets at most slots callers of next work at once. now is the clock
// that deadlines are set by.
func NewBounded(next ports.Hasher, slots int, now func() time.Time) *Bounded {
	return &Bounded{next: next, slots: make(chan struct{}, slots), now: now}
}

// Hash implements ports.Hasher.
func (b *Bounded) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	done, err := b.enter(ctx)
	if err != nil {
		return domain.PasswordHash{}, err
	}
	defer done()
	return b.next.Hash(ctx, p)
}

// Verify implements ports.Hasher.
func (b *Bounded) Verify(ctx context.Context, h domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	done, err := b.enter(ctx)
	if err != nil {
		return ports.Verdict{}, err
	}
	defer done()
	return b.next.Verify(ctx, h, p)
}

func (b *Bounded) enter(ctx context.Context) (done func(), err error) {
	if err := b.queue(ctx); err != nil {
		return nil, err
	}
	defer b.unqueue()
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, errs.ErrOverloaded.Wrap(ctx.Err())
	}
	began := b.now()
	return func() { <-b.slots; b.learn(b.now().Sub(began)) }, nil
}

// queue joins the line if it is short enough to get a turn before the deadline.
// Who finds a free place always gets it: however long calls have taken, the next
// one may be quick.
func (b *Bounded) queue(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if deadline, ok := ctx.Deadline(); ok {
		turns := (b.waiting + len(b.slots)) / cap(b.slots)
		if wait := time.Duration(turns) * b.typical; wait > deadline.Sub(b.now()) {
			return errs.ErrOverloaded.After(wait)
		}
	}
	b.waiting++
	return nil
}

func (b *Bounded) unqueue() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
}

func (b *Bounded) learn(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.typical == 0 {
		b.typical = took
	}
	b.typical += (took - b.typical) / 8
}
