package sqldb

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// takeoverBatch is how many rows are read at once where a program has to look at
// them.
const takeoverBatch = 10_000

// move puts the old tables aside, applies the migrations and fills the new
// tables.
func (t *Takeover) move(ctx context.Context, tables []AdoptedTable) error {
	if err := t.putAside(ctx); err != nil {
		return err
	}
	store, err := t.versionStore(ctx)
	if err != nil {
		return err
	}
	filled := false
	for _, version := range t.versions() {
		if version > t.Version && !filled {
			if err := t.fill(ctx, tables); err != nil {
				return err
			}
			filled = true
		}
		if err := t.apply(ctx, store, version); err != nil {
			return err
		}
	}
	if filled {
		return nil
	}
	return t.fill(ctx, tables)
}

// putAside moves the old tables, with their indexes, sequences and types of their
// own, so that none of their names is in the way.
func (t *Takeover) putAside(ctx context.Context) error {
	if _, err := t.tx.ExecContext(ctx, `CREATE SCHEMA `+OldSchema); err != nil {
		return fmt.Errorf("make the schema for the old tables: %w", err)
	}
	tables := []string{}
	for _, table := range t.Tables {
		tables = append(tables, table.Name)
	}
	alembic, err := t.there(ctx, alembicTable)
	if err != nil {
		return err
	}
	if alembic {
		tables = append(tables, alembicTable)
	}
	for _, table := range tables {
		if err := t.putTypesAside(ctx, table); err != nil {
			return err
		}
		if _, err := t.tx.ExecContext(ctx, `ALTER TABLE `+t.old(table)+` SET SCHEMA `+OldSchema); err != nil {
			return fmt.Errorf("put %s aside: %w", table, err)
		}
	}
	t.moved = true
	return nil
}

func (t *Takeover) putTypesAside(ctx context.Context, table string) error {
	var types []string
	err := t.pairs(ctx, `SELECT DISTINCT ty.oid::regtype::text, '' FROM pg_attribute a JOIN pg_type ty ON ty.oid = a.atttypid
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND ty.typtype = 'e' AND ty.typnamespace = to_regnamespace($2)`,
		func(name, _ string) { types = append(types, name) }, t.old(table), quote(t.schema))
	for _, name := range types {
		if err != nil {
			break
		}
		_, err = t.tx.ExecContext(ctx, `ALTER TYPE `+name+` SET SCHEMA `+OldSchema)
	}
	if err != nil {
		return fmt.Errorf("put the types of %s aside: %w", table, err)
	}
	return nil
}

// fill lets the service copy its rows and makes sure that none is missing.
func (t *Takeover) fill(ctx context.Context, tables []AdoptedTable) error {
	if err := t.Move(ctx, t); err != nil {
		return err
	}
	for _, table := range tables {
		var rows int64
		if err := t.tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table.Name).Scan(&rows); err != nil {
			return err
		}
		if rows != table.Rows {
			return fmt.Errorf("%d of %d rows of %s arrived", rows, table.Rows, table.Name)
		}
		_, err := t.tx.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), $2, false)`, table.Name, table.NextID)
		if err != nil {
			return fmt.Errorf("set the next id of %s: %w", table.Name, err)
		}
		if _, err := t.tx.ExecContext(ctx, `ANALYZE `+table.Name); err != nil {
			return err
		}
	}
	return nil
}

// Exec runs one statement, with PostgreSQL's placeholders: $1, $2.
func (t *Takeover) Exec(ctx context.Context, query string, args ...any) error {
	_, err := t.tx.ExecContext(ctx, query, args...)
	return err
}

// Each calls f with id and column of every row of an old table, in the order of
// the ids. Rows that have NULL there, or an id below 1, are passed over.
func (t *Takeover) Each(ctx context.Context, table, column string, f func(id int64, text string)) error {
	return t.batches(ctx, table, column, func(ids []int64, texts []string) error {
		for i, id := range ids {
			f(id, texts[i])
		}
		return nil
	})
}

// Fill copies rows of which a part is derived by the program: insert is run for
// batch after batch, in the order of the ids, with the ids as $1::bigint[] and
// what derive makes of column as $2::text[].
func (t *Takeover) Fill(ctx context.Context, table, column string, derive func(id int64, text string) string, insert string) error {
	return t.batches(ctx, table, column, func(ids []int64, texts []string) error {
		for i, id := range ids {
			texts[i] = derive(id, texts[i])
		}
		return t.Exec(ctx, insert, pq.Array(ids), pq.Array(texts))
	})
}

func (t *Takeover) batches(ctx context.Context, table, column string, f func(ids []int64, texts []string) error) error {
	query := fmt.Sprintf(`SELECT id, %s FROM %s WHERE id > $1 AND %[1]s IS NOT NULL ORDER BY id LIMIT $2`, column, t.old(table))
	for after := int64(0); ; {
		ids, texts, err := t.batch(ctx, query, after)
		if err != nil {
			return fmt.Errorf("read %s: %w", table, err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := f(ids, texts); err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
		after = ids[len(ids)-1]
	}
}

func (t *Takeover) batch(ctx context.Context, query string, after int64) (ids []int64, texts []string, err error) {
	rows, err := t.tx.QueryContext(ctx, query, after, takeoverBatch)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }() // What went wrong, rows.Err says.
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, nil, err
		}
		ids, texts = append(ids, id), append(texts, text)
	}
	return ids, texts, rows.Err()
}

// versions are those of all migrations, oldest first.
func (t *Takeover) versions() []int64 { return slices.Sorted(maps.Keys(t.migrations.names)) }

// versionStore is goose's own table, so that the migrator goes on from here.
func (t *Takeover) versionStore(ctx context.Context) (database.Store, error) {
	store, err := database.NewStore(goose.DialectPostgres, versionTable)
	if err != nil {
		return nil, fmt.Errorf("version table: %w", err)
	}
	var there bool
	err = t.tx.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, quote(t.schema)+"."+versionTable).Scan(&there)
	if err != nil || there {
		return store, err
	}
	if err := store.CreateVersionTable(ctx, t.tx); err != nil {
		return nil, fmt.Errorf("make the version table: %w", err)
	}
	return store, t.note(ctx, store, 0)
}

func (t *Takeover) note(ctx context.Context, store database.Store, version int64) error {
	if err := store.Insert(ctx, t.tx, database.InsertRequest{Version: version}); err != nil {
		return fmt.Errorf("note version %d: %w", version, err)
	}
	return nil
}

// apply runs a migration in the transaction of the adoption, where goose would
// open one of its own.
func (t *Takeover) apply(ctx context.Context, store database.Store, version int64) error {
	text, err := t.statements(version)
	if err != nil {
		return err
	}
	if _, err := t.tx.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("migration %s: %w", t.migrations.names[version], err)
	}
	return t.note(ctx, store, version)
}

// statements returns what a migration does on its way up.
func (t *Takeover) statements(version int64) (string, error) {
	name := t.migrations.names[version]
	file, err := fs.ReadFile(t.files, path.Join(Postgres.Folder(), name))
	if err != nil {
		return "", fmt.Errorf("migration %s: %w", name, err)
	}
	_, up, found := strings.Cut(string(file), "-- +goose Up\n")
	up, _, _ = strings.Cut(up, "-- +goose Down\n")
	if !found || strings.Contains(string(file), "-- +goose NO TRANSACTION") {
		return "", fmt.Errorf("migration %s can't be part of an adoption", name)
	}
	return up, nil
}
