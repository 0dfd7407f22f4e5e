package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"shop/kit/errs"
)

// classify gives a driver's error its meaning.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if cause := ctx.Err(); cause != nil {
		if errors.Is(err, cause) {
			return err
		}
		// The drivers name what the end of the context did to the statement.
		return fmt.Errorf("%w (%w)", cause, err)
	}
	var (
		lite *sqlite.Error
		post *pq.Error
		sock net.Error
	)
	switch {
	case errors.As(err, &lite):
		return classifySQLite(lite, err)
	case errors.As(err, &post):
		return classifyPostgres(post, err)
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &sock):
		return errs.ErrUnavailable.Wrap(err)
	default:
		return err
	}
}

func classifySQLite(e *sqlite.Error, err error) error {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return duplicateSQLite(e, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", ErrForeignKey, err)
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_DATATYPE:
		return fmt.Errorf("%w: %w", ErrCheck, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return errs.ErrUnavailable.Wrap(err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	default:
		return err
	}
}

// duplicateSQLite reads "UNIQUE constraint failed: users.username, users.realm"
// or, for an index on an expression, "… failed: index 'users_username'".
func duplicateSQLite(e *sqlite.Error, err error) *Duplicate {
	d := &Duplicate{cause: err}
	_, what, ok := strings.Cut(e.Error(), "constraint failed: ")
	for ok && strings.Contains(what, "constraint failed: ") {
		_, what, ok = strings.Cut(what, "constraint failed: ")
	}
	if i := strings.LastIndex(what, " ("); i >= 0 { // " (2067)"
		what = what[:i]
	}
	if name, found := strings.CutPrefix(what, "index "); found {
		d.Constraint = strings.Trim(name, "'")
		return d
	}
	for _, column := range strings.Split(what, ", ") {
		if table, name, found := strings.Cut(column, "."); found {
			d.Table = table
			d.Columns = append(d.Columns, name)
		}
	}
	return d
}

func classifyPostgres(e *pq.Error, err error) error {
	switch e.Code {
	case "23505":
		return duplicatePostgres(e, err)
	case "23503":
		return fmt.Errorf("%w: %w", ErrForeignKey, err)
	case "23514", "23502":
		return fmt.Errorf("%w: %w", ErrCheck, err)
	case "40001", "40P01", // serialization failure, deadlock
		"55P03", // lock not available
		"57014", // statement timeout: a cancelled context was handled above
		"57P01", "57P02", "57P03", "57P05",
		"25006": // read-only: a standby that has not been promoted yet
		return errs.ErrUnavailable.Wrap(err)
	}
	switch e.Code.Class() {
	case "08", "53", "58": // connection, resources (disk full, too many connections), system
		return errs.ErrUnavailable.Wrap(err)
	default:
		return err
	}
}

// duplicatePostgres reads the columns of "Key (username)=(ann) already exists."
// The values stay behind: they may be personal.
func duplicatePostgres(e *pq.Error, err error) *Duplicate {
	d := &Duplicate{Table: e.Table, Constraint: e.Constraint, cause: err}
	if _, rest, ok := strings.Cut(e.Detail, "Key ("); ok {
		if columns, _, ok := strings.Cut(rest, ")=("); ok {
			d.Columns = strings.Split(columns, ", ")
		}
	}
	return d
}

// conflicts reports whether Postgres gave up a transaction because of another
// one, so that the same transaction may succeed when it is run again.
func conflicts(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// broken reports whether the answer of a connection that was open will never be
// known. A server that can't be dialled is not that.
func broken(err error) bool {
	var (
		op   *net.OpError
		post *pq.Error
	)
	switch {
	case err == nil:
		return false
	case errors.As(err, &op):
		return op.Op != "dial"
	case errors.As(err, &post):
		return post.Code == "57P01" || post.Code == "57P02" // The server shuts down or has crashed.
	default:
		return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
}

// lost reports whether a connection is gone: what was not committed on it has not
// happened. One that hangs is not: asking again would take as long again.
func lost(err error) bool {
	var op *net.OpError
	return broken(err) && !(errors.As(err, &op) && op.Timeout())
}

// errorType is err as a metric label: a handful of values.
func errorType(err error) string {
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return ""
	case errors.Is(err, ErrDuplicate):
		return "duplicate"
	case errors.Is(err, ErrForeignKey), errors.Is(err, ErrCheck):
		return "constraint"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, errs.ErrUnavailable):
		return "unavailable"
	default:
		return "other"
	}
}
