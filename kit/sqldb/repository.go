package sqldb

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Repository keeps rows of T, a struct with `db` tags that are the columns of
// one table. Its SQL is built once. It takes a Queryer at each call, so the same
// repository works on its own and inside a transaction.
//
// The key column is id; an integer id of 0 is assigned by the database. A column
// named version, an integer, makes Update optimistic.
type Repository[T any] struct{ *table }

// Option changes what a Repository assumes.
type Option func(*table)

// Key names the key column where it isn't id.
func Key(column string) Option { return func(t *table) { t.key.name = column } }

// Immutable names columns that Update leaves as they are: created_at.
func Immutable(columns ...string) Option {
	return func(t *table) { t.immutable = append(t.immutable, columns...) }
}

// NewRepository returns the repository of the table named name. A T that doesn't
// fit (no `db` tags, no key) is a bug and panics at start.
func NewRepository[T any](name string, o ...Option) Repository[T] {
	return Repository[T]{newTable(name, reflect.TypeFor[T](), o)}
}

// Create inserts row. An id assigned by the database, and version 1 where it was
// 0, are set on row. A row that exists is ErrDuplicate. Ids given by the caller
// don't move Postgres' own counter: a table has the one kind or the other.
func (r Repository[T]) Create(ctx context.Context, q Queryer, row *T) error {
	v := reflect.ValueOf(row).Elem()
	if r.version != nil && r.version.of(v).IsZero() {
		r.version.of(v).SetInt(1)
	}
	if r.key.assigned && r.key.of(v).IsZero() {
		var id int64
		if err := q.Get(ctx, &id, r.insertAssigned, r.values(v, r.withoutKey)...); err != nil {
			return fmt.Errorf("insert into %s: %w", r.name, err)
		}
		r.key.of(v).SetInt(id)
		return nil
	}
	if _, err := q.Exec(ctx, r.insert, r.values(v, r.columns)...); err != nil {
		return fmt.Errorf("insert into %s: %w", r.name, err)
	}
	return nil
}

// CreateAll is Create for many rows, in their order. On Postgres it is one
// statement, for tables whose columns are BIGINT, TEXT, BOOLEAN and DOUBLE
// PRECISION.
func (r Repository[T]) CreateAll(ctx context.Context, q Queryer, rows []T) error {
	if q.Dialect() != Postgres || len(rows) < 2 {
		for i := range rows {
			if err := r.Create(ctx, q, &rows[i]); err != nil {
				return err
			}
		}
		return nil
	}
	v := reflect.ValueOf(rows)
	if r.version != nil {
		for i := range rows {
			if version := r.version.of(v.Index(i)); version.IsZero() {
				version.SetInt(1)
			}
		}
	}
	if !r.key.assigned || !r.key.of(v.Index(0)).IsZero() {
		if _, err := q.Exec(ctx, r.insertMany, r.series(v, r.columns)...); err != nil {
			return fmt.Errorf("insert into %s: %w", r.name, err)
		}
		return nil
	}
	var ids []int64
	if err := q.Select(ctx, &ids, r.insertManyAssigned, r.series(v, r.withoutKey)...); err != nil {
		return fmt.Errorf("insert into %s: %w", r.name, err)
	}
	slices.Sort(ids) // They are assigned in the order of the rows, but may be told in any.
	for i, id := range ids {
		r.key.of(v.Index(i)).SetInt(id)
	}
	return nil
}

// Creation returns the write that inserts row as it is, its key included.
func (r Repository[T]) Creation(row T) Write {
	return Write{r.insert, r.values(reflect.ValueOf(&row).Elem(), r.columns), r.insertMany}
}

// Get returns the row of id, or ErrNotFound.
func (r Repository[T]) Get(ctx context.Context, q Queryer, id any) (T, error) {
	return r.one(ctx, q, r.get, id)
}

// Find returns the one row that where, an SQL condition, selects, or ErrNotFound.
// Where several match it is any one of them.
func (r Repository[T]) Find(ctx context.Context, q Queryer, where string, args ...any) (T, error) {
	return r.one(ctx, q, r.selectAll+" WHERE "+where+" LIMIT 1", args...)
}

func (r Repository[T]) one(ctx context.Context, q Queryer, query string, args ...any) (T, error) {
	var row T
	if err := q.Get(ctx, &row, query, args...); err != nil {
		var none T
		return none, fmt.Errorf("select from %s: %w", r.name, err)
	}
	return row, nil
}

// Query selects rows. The zero Query selects all.
type Query struct {
	Where   string // An SQL condition with ? placeholders.
	Args    []any
	OrderBy string // "created_at DESC, id DESC"; from a fixed set, never from a client.
	Limit   int    // 0: no limit.
	Offset  int
}

// List returns the rows that query selects; none is an empty slice.
func (r Repository[T]) List(ctx context.Context, q Queryer, query Query) ([]T, error) {
	text, args := r.list(query)
	rows := []T{}
	if err := q.Select(ctx, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("select from %s: %w", r.name, err)
	}
	return rows, nil
}

// Update writes row by its id. With a version column the row must still have
// row's version, else ErrStale, and row's version is one higher afterwards. A row
// that doesn't exist is ErrNotFound.
func (r Repository[T]) Update(ctx context.Context, q Queryer, row *T) error {
	v := reflect.ValueOf(row).Elem()
	args := append(r.values(v, r.mutable), r.key.of(v).Interface())
	if r.version != nil {
		args = append(args, r.version.of(v).Int())
	}
	n, err := q.Exec(ctx, r.update, args...)
	if err != nil {
		return fmt.Errorf("update %s: %w", r.name, err)
	}
	if n == 0 {
		return fmt.Errorf("update %s: %w", r.name, r.missing(ctx, q, v))
	}
	if r.version != nil {
		r.version.of(v).SetInt(r.version.of(v).Int() + 1)
	}
	return nil
}

// missing says why an update met no row.
func (r Repository[T]) missing(ctx context.Context, q Queryer, v reflect.Value) error {
	if r.version == nil {
		return ErrNotFound
	}
	var one int
	err := q.Get(ctx, &one, r.exists, r.key.of(v).Interface())
	if err != nil {
		return err
	}
	return ErrStale
}

// Delete removes the row of id, or returns ErrNotFound.
func (r Repository[T]) Delete(ctx context.Context, q Queryer, id any) error {
	n, err := q.Exec(ctx, r.remove, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete from %s: %w", r.name, err)
	}
	return nil
}

// Count returns how many rows where selects ("" = all). With a max above 0 it
// counts no further than that: then n is max, and exact is false if there are
// more.
func (r Repository[T]) Count(ctx context.Context, q Queryer, where string, args []any, max int64) (n int64, exact bool, err error) {
	if max < 0 {
		return 0, false, errors.New("count: max is negative")
	}
	text, args := r.count(where, args, max)
	if err := q.Get(ctx, &n, text, args...); err != nil {
		return 0, false, fmt.Errorf("count %s: %w", r.name, err)
	}
	if max > 0 && n > max {
		return max, false, nil
	}
	return n, true, nil
}
