package sqldb

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
)

// maxStatements bounds the prepared statements of one database. Services have a
// few dozen; what lies above runs unprepared.
const maxStatements = 512

// statement is one query text and all that is derived from it once.
type statement struct {
	text       string // In the engine's placeholders.
	operation  string // "SELECT"
	collection string // "products"; "" where there is no one table.
	writes     bool
	cached     bool
	attributes []attribute.KeyValue
	succeeded  prometheus.Observer
	read       prepared
	write      prepared
}

// prepared is a statement on one pool. database/sql prepares it once on each
// connection that it is used on.
type prepared struct {
	stmt atomic.Pointer[sqlx.Stmt]
	mu   sync.Mutex // Held while preparing, so that it is done once.
}

// statements are the statements of one database by their text.
type statements struct {
	byText sync.Map
	count  atomic.Int64
}

// statement returns what is known about query.
func (db *DB) statement(query string) *statement {
	if s, ok := db.statements.byText.Load(query); ok {
		return s.(*statement)
	}
	shape := inspect(query)
	s := &statement{
		text:       db.dialect.rebind(query),
		operation:  shape.operation,
		collection: shape.collection,
		writes:     shape.writes,
		attributes: db.observer.attributes(shape, sanitise(query)),
		succeeded:  db.observer.duration.WithLabelValues(shape.operation, shape.collection, ""),
	}
	if db.statements.count.Add(1) > maxStatements {
		db.statements.count.Add(-1)
		return s
	}
	s.cached = true
	known, _ := db.statements.byText.LoadOrStore(query, s)
	return known.(*statement)
}

// slot is where s is kept once it is prepared on this pool.
func (p *pool) slot(s *statement) *prepared {
	if p.writer {
		return &s.write
	}
	return &s.read
}

// runner runs one statement, prepared or not.
type runner interface {
	GetContext(ctx context.Context, dest any, args ...any) error
	SelectContext(ctx context.Context, dest any, args ...any) error
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
}

var (
	_ runner = (*sqlx.Stmt)(nil)
	_ runner = unprepared{}
)

// unprepared is a statement beyond those that are kept.
type unprepared struct {
	on interface {
		GetContext(ctx context.Context, dest any, query string, args ...any) error
		SelectContext(ctx context.Context, dest any, query string, args ...any) error
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	text string
}

func (u unprepared) GetContext(ctx context.Context, dest any, args ...any) error {
	return u.on.GetContext(ctx, dest, u.text, args...)
}

func (u unprepared) SelectContext(ctx context.Context, dest any, args ...any) error {
	return u.on.SelectContext(ctx, dest, u.text, args...)
}

func (u unprepared) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	return u.on.ExecContext(ctx, u.text, args...)
}

// prepare returns s prepared on this pool, once for all calls. It is as it is
// while somebody else prepares it, which may take as long as the server hangs, and
// if it isn't kept.
func (p *pool) prepare(ctx context.Context, s *statement) (runner, error) {
	slot := p.slot(s)
	if stmt := slot.stmt.Load(); stmt != nil {
		return stmt, nil
	}
	if !s.cached || !slot.mu.TryLock() {
		return unprepared{p.DB, s.text}, nil
	}
	defer slot.mu.Unlock()
	if stmt := slot.stmt.Load(); stmt != nil {
		return stmt, nil
	}
	stmt, err := p.PreparexContext(ctx, s.text)
	if err != nil {
		return nil, err
	}
	slot.stmt.Store(stmt)
	return stmt, nil
}

func affectedRows(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
