package sqldb

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
)

const (
	// maxGroup bounds what one transaction of a GroupCommit carries out.
	maxGroup = 64
	// groupTimeout bounds that transaction, whose callers' contexts differ.
	groupTimeout = 5 * time.Second
)

// GroupCommit carries out, in one transaction, what is asked for at about the same
// time: while one group commits, the next gathers. A commit costs the same for one
// and for many, and many rows can be written by one statement.
type GroupCommit[T any] struct {
	db    *DB
	table string
	write func(ctx context.Context, group []Member[T]) error

	mu      sync.Mutex
	waiting []*member[T]
	running int
}

// Member is what one caller of Do asks for.
type Member[T any] struct {
	// Context has the values of the caller's context, its trace above all; the end
	// of that context doesn't end this one.
	Context context.Context //nolint:containedctx // A group has many callers.
	Item    T
}

type member[T any] struct {
	Member[T]
	given  context.Context //nolint:containedctx // As it was given, to see whether its caller still waits.
	err    error
	size   int // Of the group that it was carried out with.
	leader trace.SpanContext
	done   chan struct{}
}

// NewGroupCommit returns a GroupCommit of write, which carries out a group in tx
// and writes into the items what became of each. Like the function of a Tx it may
// be run again and then leaves nothing behind but what it wrote in tx. table names
// the table that it mainly writes to, for traces.
func NewGroupCommit[T any](
	db *DB, table string, write func(ctx context.Context, tx *Tx, group []Member[T]) error,
) *GroupCommit[T] {
	return &GroupCommit[T]{db: db, table: table, write: func(ctx context.Context, group []Member[T]) error {
		return db.Tx(ctx, func(tx *Tx) error { return write(ctx, tx, group) })
	}}
}

// NewGroupStatement is NewGroupCommit for a write that is one statement for one
// member, and on Postgres for many as well: it needs no transaction around it. On
// Postgres a write that finds that it needs one after all opens its own.
func NewGroupStatement[T any](
	db *DB, table string, write func(ctx context.Context, q Queryer, group []Member[T]) error,
) *GroupCommit[T] {
	return &GroupCommit[T]{db: db, table: table, write: func(ctx context.Context, group []Member[T]) error {
		if db.dialect == Postgres || len(group) == 1 {
			return write(ctx, db, group)
		}
		return db.Tx(ctx, func(tx *Tx) error { return write(ctx, tx, group) })
	}}
}

// Do returns when item is carried out and committed, or why it is not; as with Tx
// the error may be ErrOutcomeUnknown. What is wrong with one item is no other's
// concern: a group that fails is carried out again one by one, unless the database
// is away. If ctx ends while item is being carried out, its error is returned, and
// nobody knows the outcome either; the caller must then leave item alone.
func (g *GroupCommit[T]) Do(ctx context.Context, item T) error {
	m := &member[T]{given: ctx, done: make(chan struct{})}
	var span trace.Span
	if trace.SpanFromContext(ctx).IsRecording() {
		ctx, span = g.db.tel.Tracer.Start(ctx, "BATCH "+g.table, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			g.db.observer.attributes(shape{operation: "BATCH", collection: g.table}, "")...))
		defer span.End()
	}
	m.Member = Member[T]{context.WithoutCancel(ctx), item}
	g.add(m)
	err := m.wait(ctx)
	if span != nil {
		if kind := errorType(err); kind != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(kind))
			span.SetStatus(codes.Error, kind)
		} else if err == nil {
			m.describe(span)
		}
	}
	return err
}

func (m *member[T]) wait(ctx context.Context) error {
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// describe tells how many were carried out together, and where their statements
// are to be seen if that is in the trace of another one.
func (m *member[T]) describe(span trace.Span) {
	if m.size > 1 {
		span.SetAttributes(semconv.DBOperationBatchSize(m.size))
	}
	if m.leader.IsValid() && !m.leader.Equal(span.SpanContext()) {
		span.AddLink(trace.Link{SpanContext: m.leader})
	}
}

// lanes is how many groups are carried out at a time.
func (g *GroupCommit[T]) lanes() int {
	if g.db.dialect == SQLite {
		return 1 // It has one writer.
	}
	return 2
}

func (g *GroupCommit[T]) add(m *member[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, m)
	if g.running < g.lanes() {
		g.running++
		go g.run()
	}
}

// run carries out groups until nobody waits.
func (g *GroupCommit[T]) run() {
	for group := g.next(); len(group) > 0; group = g.next() {
		g.carryOut(group)
	}
}

func (g *GroupCommit[T]) next() []*member[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), maxGroup)
	group := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; n == 0 {
		g.running--
	}
	return group
}

func (g *GroupCommit[T]) carryOut(group []*member[T]) {
	wanted := group[:0]
	for _, m := range group {
		if m.err = m.given.Err(); m.err != nil { // Nobody waits any more.
			close(m.done)
			continue
		}
		wanted = append(wanted, m)
	}
	if len(wanted) == 0 {
		return
	}
	err := g.commit(wanted)
	if len(wanted) > 1 && faulty(err) {
		for i := range wanted {
			_ = g.commit(wanted[i : i+1])
		}
	}
	for _, m := range wanted {
		close(m.done)
	}
}

// faulty reports whether a group failed for what it is, and not for the state the
// database is in.
func faulty(err error) bool {
	return err != nil && !errors.Is(err, errs.ErrUnavailable) && !errors.Is(err, ErrOutcomeUnknown) && !errors.Is(err, context.DeadlineExceeded)
}

// commit carries out a group in one transaction, in the trace of its first member,
// and notes its error in all of them.
func (g *GroupCommit[T]) commit(group []*member[T]) (err error) {
	leader := group[0].Context
	members := make([]Member[T], len(group))
	for i, m := range group {
		members[i] = m.Member
		m.size, m.leader = len(group), trace.SpanContextFromContext(leader)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		for _, m := range group {
			m.err = err
		}
	}()
	ctx, cancel := context.WithTimeout(leader, groupTimeout)
	defer cancel()
	return g.write(ctx, members)
}

// Rounds divides the items of a group so that no round has two of one key, for a
// write that takes the items of a key one after the other: an item is in the first
// round that comes after those of the items of its key before it.
func Rounds[T any, K comparable](group []Member[T], key func(T) K) [][]T {
	var all [][]T
	had := map[K]int{} // The rounds that a key has been in.
	for _, m := range group {
		k := key(m.Item)
		n := had[k]
		had[k]++
		if n == len(all) {
			all = append(all, nil)
		}
		all[n] = append(all[n], m.Item)
	}
	return all
}
