package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lib/pq"
)

const (
	versionTable = "goose_db_version"
	// alembicTable holds the version of the old system's own migrations, if it had
	// any. It goes where its tables go.
	alembicTable = "alembic_version"

	// lockTimeout is how long an adoption waits for the old tables: long enough
	// for an autovacuum to give way, short enough for a system that still runs on
	// them to notice little.
	lockTimeout = "2s"

	lockNotAvailable = "55P03"
	duplicateTable   = "42P07"
)

// Occupied reports whether err is of a migration in PostgreSQL that met a table of
// somebody else.
func Occupied(err error) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && refused.Code == duplicateTable
}

// prepare makes sure that the database is one of the old system and, unless this
// is a dry run, that nobody else works with its tables until the end.
func (t *Takeover) prepare(ctx context.Context) error {
	// A table whose row security hides rows must fail rather than look smaller.
	if _, err := t.tx.ExecContext(ctx, `SET LOCAL row_security = off; SET LOCAL lock_timeout = '`+lockTimeout+`'`); err != nil {
		return err
	}
	var encoding string
	var kept bool
	err := t.tx.QueryRowContext(ctx, `SELECT current_schema(), current_setting('server_encoding'), to_regnamespace($1) IS NOT NULL`, OldSchema).
		Scan(&t.schema, &encoding, &kept)
	if err != nil {
		return err
	}
	version, err := t.version(ctx)
	switch {
	case err != nil:
		return err
	case version > 0:
		return unfit("it is this program's already, at version %d", version)
	case kept:
		return unfit("there is a schema %s in it, which an earlier adoption has left behind", OldSchema)
	case encoding != "UTF8":
		return unfit("its encoding is %s; dump it and restore it into a database with the encoding UTF8", encoding)
	}
	return t.hold(ctx)
}

// version is the one that the service's migrations have reached: a service that
// was started by mistake leaves a version table with 0.
func (t *Takeover) version(ctx context.Context) (version int64, err error) {
	there, err := t.there(ctx, versionTable)
	if !there {
		return 0, err
	}
	err = t.tx.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+t.old(versionTable)).Scan(&version)
	return version, err
}

// there reports whether there is a table, or anything else, of that name.
func (t *Takeover) there(ctx context.Context, name string) (yes bool, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, t.old(name)).Scan(&yes)
	return yes, err
}

// hold locks the old tables, all of which must be there.
func (t *Takeover) hold(ctx context.Context) error {
	var missing []string
	for _, table := range t.Tables {
		there, err := t.there(ctx, table.Name)
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, table.Name)
		}
	}
	if len(missing) > 0 {
		return unfit("there is no table %s in its schema %s; a service makes its own tables when it starts", strings.Join(missing, ", "), t.schema)
	}
	if t.dry {
		return nil
	}
	for _, table := range t.Tables {
		_, err := t.tx.ExecContext(ctx, `LOCK TABLE `+t.old(table.Name)+` IN ACCESS EXCLUSIVE MODE`)
		var refused *pq.Error
		if errors.As(err, &refused) && refused.Code == lockNotAvailable {
			return unfit("somebody is working with the table %s (%s): stop the old system first", table.Name, t.holders(ctx, table.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holders says who has a lock on a table.
func (t *Takeover) holders(ctx context.Context, table string) string {
	var who []string
	err := t.db.Select(ctx, &who, `SELECT DISTINCT 'process ' || a.pid || coalesce(', ' || nullif(a.application_name, ''), '') || coalesce(', ' || a.state, '')
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.relation = to_regclass(?) AND l.granted`, t.old(table))
	if err != nil || len(who) == 0 { // Gone by now, or not ours to see.
		return "by now it has let go"
	}
	return strings.Join(who, "; ")
}

// recognise compares the tables with what is known of them.
func (t *Takeover) recognise(ctx context.Context, f *Findings) error {
	for _, table := range t.Tables {
		if err := t.recogniseTable(ctx, table, f); err != nil {
			return err
		}
		if err := t.dependents(ctx, table.Name, f); err != nil {
			return err
		}
	}
	if err := t.sessions(ctx, f); err != nil {
		return err
	}
	return t.strangers(ctx, f)
}

func (t *Takeover) recogniseTable(ctx context.Context, table OldTable, f *Findings) error {
	var plain, keyed bool
	err := t.tx.QueryRowContext(ctx, `
		SELECT relkind = 'r' AND NOT relispartition AND NOT relhassubclass,
		       EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		                WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1 AND a.attname = 'id')
		  FROM pg_class c WHERE oid = to_regclass($1)`, t.old(table.Name)).Scan(&plain, &keyed)
	switch {
	case err != nil:
		return err
	case !plain:
		f.Refuse(table.Name, "it is no plain table")
	case !keyed:
		f.Refuse(table.Name, "its primary key is not id")
	}
	types, err := t.columns(ctx, table.Name)
	if err != nil {
		return err
	}
	for _, want := range table.Columns {
		got, there := types[want.Name]
		delete(types, want.Name)
		switch {
		case !there:
			f.Refuse(table.Name, fmt.Sprintf("it has no column %s", want.Name))
		case !slices.Contains(want.Types, got) && !slices.Contains(want.Types, sizeless(got)):
			f.Refuse(table.Name, fmt.Sprintf("the column %s is %s, not %s", want.Name, got, strings.Join(want.Types, " or ")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		f.Refuse(table.Name, fmt.Sprintf("it has a column %s, which would be left behind", name))
	}
	// Rows are only looked at where the columns are the known ones.
	return f.unfit()
}

func (t *Takeover) columns(ctx context.Context, table string) (types map[string]string, err error) {
	types = map[string]string{}
	err = t.pairs(ctx, `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`, func(name, typ string) { types[name] = typ }, t.old(table))
	return types, err
}

// size is that of a type: "(50)" of "character varying(50)", "(6)" of "timestamp(6)
// without time zone".
var size = regexp.MustCompile(`\([^)]*\)`)

func sizeless(typ string) string { return size.ReplaceAllString(typ, "") }

// dependents are what would go on using the old table, or stop working.
func (t *Takeover) dependents(ctx context.Context, table string, f *Findings) error {
	return t.pairs(ctx, `
		SELECT 'foreign key', conname || ' of ' || conrelid::regclass FROM pg_constraint
		 WHERE confrelid = to_regclass($1) AND contype = 'f' AND conrelid <> confrelid
		UNION ALL
		SELECT 'view', r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
		 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
		   AND d.refobjid = to_regclass($1) AND r.ev_class <> to_regclass($1)
		 GROUP BY 2
		UNION ALL
		SELECT 'trigger', tgname::text FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal
		ORDER BY 1, 2`,
		func(kind, name string) {
			if kind == "trigger" {
				f.Note(table, fmt.Sprintf("its trigger %s stays with the old table: nothing fires it any more", name))
				return
			}
			f.Refuse(table, fmt.Sprintf("the %s %s depends on it; drop it first", kind, name))
		}, t.old(table))
}

// sessions are others who are connected. That they hold no lock right now does
// not say that they are done.
func (t *Takeover) sessions(ctx context.Context, f *Findings) error {
	return t.pairs(ctx, `
		SELECT coalesce(nullif(application_name, ''), 'a program'), string_agg(pid::text, ', ' ORDER BY pid) FROM pg_stat_activity
		 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
		   AND application_name <> current_setting('application_name')
		 GROUP BY 1 ORDER BY 1`,
		func(name, pids string) {
			f.Note("", fmt.Sprintf("%s is connected (process %s); the old system must be stopped before, and stay so", name, pids))
		})
}

// created finds the names that a migration gives.
var created = regexp.MustCompile(`(?im)^CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)`)

// strangers are what the old system has under names that the migrations give, and
// other tables, which stay.
func (t *Takeover) strangers(ctx context.Context, f *Findings) error {
	var names []string
	for _, version := range t.versions() {
		text, err := t.statements(version)
		if err != nil {
			return err
		}
		for _, match := range created.FindAllStringSubmatch(text, -1) {
			names = append(names, match[1])
		}
	}
	own := []string{versionTable, alembicTable}
	for _, table := range t.Tables {
		own = append(own, table.Name)
	}
	return t.pairs(ctx, `
		SELECT relname, CASE WHEN relname = ANY($2) THEN 'taken' ELSE '' END FROM pg_class
		 WHERE relnamespace = to_regnamespace($1) AND (relkind IN ('r', 'p') OR relname = ANY($2)) AND relname <> ALL($3)
		   AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = pg_class.oid AND indrelid IN
		                   (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relname = ANY($3)))
		 ORDER BY 1`,
		func(name, taken string) {
			if taken != "" {
				f.Refuse(name, "a table or index of this name is in the way")
				return
			}
			f.Note(name, "an unknown table, which stays as it is")
		}, quote(t.schema), pq.Array(names), pq.Array(own))
}

// measure counts the rows of an old table and finds out what its sequence would
// give next; never a number that a row has.
func (t *Takeover) measure(ctx context.Context, table string) (AdoptedTable, error) {
	m := AdoptedTable{Name: table, NextID: 1}
	var last int64
	err := t.tx.QueryRowContext(ctx, `SELECT count(*), coalesce(max(id), 0) FROM `+t.old(table)).Scan(&m.Rows, &last)
	if err != nil {
		return m, err
	}
	var sequence sql.NullString
	err = t.tx.QueryRowContext(ctx, `SELECT coalesce(pg_get_serial_sequence($1, 'id'), (
		SELECT s.oid::regclass::text FROM pg_attrdef a
		  JOIN pg_attribute c ON c.attrelid = a.adrelid AND c.attnum = a.adnum AND c.attname = 'id'
		  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
		  JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
		 WHERE a.adrelid = to_regclass($1) LIMIT 1))`, t.old(table)).Scan(&sequence)
	if err != nil {
		return m, err
	}
	if sequence.Valid {
		err = t.tx.QueryRowContext(ctx, `SELECT CASE WHEN is_called THEN last_value +
			(SELECT seqincrement FROM pg_sequence WHERE seqrelid = to_regclass($1)) ELSE last_value END FROM `+sequence.String,
			sequence.String).Scan(&m.NextID)
	}
	m.NextID = max(m.NextID, last+1)
	return m, err
}

// pairs calls f for each row of two texts.
func (t *Takeover) pairs(ctx context.Context, query string, f func(a, b string), args ...any) error {
	rows, err := t.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // What went wrong, rows.Err says.
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		f(a, b)
	}
	return rows.Err()
}
