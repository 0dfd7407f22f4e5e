package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// OldSchema is where Adopt keeps the tables of the system before this one, as
// they were: its undoing, and the proof that nothing got lost.
const OldSchema = "old_system"

// Adoption describes how a PostgreSQL database of the system before this one
// becomes a service's own. Each old table becomes one of the same name.
type Adoption struct {
	Tables []OldTable
	// Version is that of the schema which Move fills. The migrations after it are
	// applied to the moved rows.
	Version int64
	// Inspect looks at what SQL can't tell; nil = nothing. It reads by Each only.
	Inspect func(ctx context.Context, t *Takeover, f *Findings) error
	// Move copies the rows of every table from the schema OldSchema.
	Move func(ctx context.Context, t *Takeover) error
}

// OldTable is a table that must be there: with these columns and no others, and
// an integer primary key id.
type OldTable struct {
	Name    string
	Columns []OldColumn
	Rules   []OldRule
}

// OldColumn is a column and the types that are understood, in PostgreSQL's words:
// "numeric(10,2)". A type named without its size stands for every size.
type OldColumn struct {
	Name  string
	Types []string
}

// OldRule is about the rows for which Where, an SQL condition, holds: they keep
// the database from being adopted, or are told of.
type OldRule struct {
	Where   string
	Text    string
	Refused bool
}

// Unfit says why a database can't be adopted. Nothing was changed.
type Unfit struct{ Reasons []string }

func (u *Unfit) Error() string {
	if len(u.Reasons) == 1 {
		return "can't adopt the database, nothing was changed: " + u.Reasons[0]
	}
	return fmt.Sprintf("can't adopt the database, nothing was changed; %d things do not fit:\n  %s", len(u.Reasons), strings.Join(u.Reasons, "\n  "))
}

// unfit is the Unfit of one reason.
func unfit(format string, args ...any) error { return &Unfit{[]string{fmt.Sprintf(format, args...)}} }

// Adopted is what an adoption has done, or would do.
type Adopted struct {
	Database   string
	Tables     []AdoptedTable
	Migrations []string  // Applied, oldest first.
	Notes      []Finding // What somebody should know.
}

// AdoptedTable is a table with its rows.
type AdoptedTable struct {
	Name   string
	Rows   int64
	NextID int64 // What the next row gets.
}

// Adopt makes db a database of the migrations in fsys (see NewMigrator), with the
// rows that a describes. It is one transaction, under the lock of the migrator:
// either everything is done or, for any error, nothing. What does not fit is an
// *Unfit that names all of it. A dry run only reads, beside whoever works with
// the database, and returns what would be done.
func Adopt(ctx context.Context, db *DB, fsys fs.FS, a Adoption, dry bool) (Adopted, error) {
	if db.dialect != Postgres {
		return Adopted{}, unfit("it is a SQLite database, and the system before this one kept its data in PostgreSQL")
	}
	m, err := NewMigrator(db, fsys)
	if err != nil {
		return Adopted{}, err
	}
	if !dry {
		unlock, err := db.lock(ctx)
		if err != nil {
			return Adopted{}, fmt.Errorf("adopt: %w", err)
		}
		defer unlock()
	}
	o := &sql.TxOptions{} // Read committed: the rows are read after the locks are taken, not before.
	if dry {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := db.schema.BeginTx(ctx, o)
	if err != nil {
		return Adopted{}, fmt.Errorf("adopt: %w", classify(ctx, err))
	}
	t := &Takeover{Adoption: a, db: db, tx: tx, migrations: m, files: fsys, dry: dry}
	done, err := t.run(ctx)
	if err == nil && !dry {
		err = tx.Commit()
	}
	if err != nil || dry {
		err = errors.Join(err, rollBack(tx))
	}
	var no *Unfit
	switch {
	case err == nil, errors.As(err, &no):
		return done, err
	default:
		return Adopted{}, fmt.Errorf("adopt, nothing was changed: %w", classify(ctx, err))
	}
}

func rollBack(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// Takeover is an adoption under way.
type Takeover struct {
	Adoption
	db         *DB
	tx         *sql.Tx
	migrations *Migrator
	files      fs.FS
	dry        bool
	schema     string // Where the service's tables are to be.
	moved      bool   // The old tables are in OldSchema by now.
}

// run looks at everything before it changes anything.
func (t *Takeover) run(ctx context.Context) (done Adopted, err error) {
	if err := t.prepare(ctx); err != nil {
		return done, err
	}
	var found Findings
	if err := t.recognise(ctx, &found); err != nil {
		return done, err
	}
	if err := t.inspect(ctx, &found); err != nil {
		return done, err
	}
	if err := t.tx.QueryRowContext(ctx, `SELECT current_database()`).Scan(&done.Database); err != nil {
		return done, err
	}
	for _, table := range t.Tables {
		measured, err := t.measure(ctx, table.Name)
		if err != nil {
			return done, err
		}
		done.Tables = append(done.Tables, measured)
	}
	for _, version := range t.versions() {
		done.Migrations = append(done.Migrations, t.migrations.names[version])
	}
	done.Notes = found.notes
	if err := found.unfit(); err != nil || t.dry {
		return done, err
	}
	return done, t.move(ctx, done.Tables)
}

// inspect asks the rules of every table, and the service.
func (t *Takeover) inspect(ctx context.Context, f *Findings) error {
	for _, table := range t.Tables {
		for _, rule := range table.Rules {
			if err := t.ask(ctx, table.Name, rule, f); err != nil {
				return err
			}
		}
	}
	if t.Inspect == nil {
		return nil
	}
	return t.Inspect(ctx, t, f)
}

// ask finds the rows that a rule is about.
func (t *Takeover) ask(ctx context.Context, table string, rule OldRule, f *Findings) error {
	rows, err := t.tx.QueryContext(ctx, `SELECT id FROM `+t.old(table)+` WHERE `+rule.Where+` ORDER BY id`) //nolint:gosec // The service's own text.
	if err != nil {
		return fmt.Errorf("look for %s: %w", rule.Text, err)
	}
	defer func() { _ = rows.Close() }() // What went wrong, rows.Err says.
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("look for %s: %w", rule.Text, err)
		}
		if rule.Refused {
			f.Refuse(table, rule.Text, id)
		} else {
			f.Note(table, rule.Text, id)
		}
	}
	return rows.Err()
}

// old returns the name of an old table where it is now.
func (t *Takeover) old(table string) string {
	if t.moved {
		return OldSchema + "." + table
	}
	return quote(t.schema) + "." + table
}
