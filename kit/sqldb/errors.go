package sqldb

import (
	"errors"
	"slices"
	"strings"
)

// ErrOutcomeUnknown is in the error of a Tx whose connection broke while it was
// committed. It goes along with errs.ErrUnavailable.
var ErrOutcomeUnknown = errors.New("sqldb: nobody knows whether it was committed")

// What the engines say, in the same words for both. What the caller's context
// ended is context.Canceled or DeadlineExceeded; an engine that is away, busy or
// out of space is errs.ErrUnavailable; anything else is the driver's own error.
var (
	ErrNotFound   = errors.New("sqldb: no such row")
	ErrStale      = errors.New("sqldb: the row has changed since it was read")
	ErrDuplicate  = errors.New("sqldb: duplicate")                    // Always inside a *Duplicate.
	ErrForeignKey = errors.New("sqldb: a row refers to another")      // Foreign key violated, from either side.
	ErrCheck      = errors.New("sqldb: a value breaks a constraint")  // CHECK or NOT NULL.
	ErrDamaged    = errors.New("sqldb: the database file is damaged") // SQLite: corrupt or no database.
)

// Duplicate says which unique constraint a row broke. Its text names table and
// columns, never values.
type Duplicate struct {
	Table      string   // "users"
	Columns    []string // ["username"]; empty for an index on an expression in SQLite.
	Constraint string   // The constraint's or index' name where the engine tells it.
	cause      error
}

func (d *Duplicate) Error() string {
	text := "sqldb: duplicate"
	if d.Table != "" {
		text += " in " + d.Table
	}
	if len(d.Columns) > 0 {
		text += " (" + strings.Join(d.Columns, ", ") + ")"
	}
	if d.Constraint != "" {
		text += " [" + d.Constraint + "]"
	}
	return text
}

// Is makes errors.Is(err, ErrDuplicate) true.
func (d *Duplicate) Is(target error) bool { return target == ErrDuplicate }

// Unwrap returns the driver's error.
func (d *Duplicate) Unwrap() error { return d.cause }

// On reports whether the broken constraint is on column, alone, with others, or
// in an expression. Where SQLite tells only the name of an index, that name must
// hold the column's: users_username_key is on username.
func (d *Duplicate) On(column string) bool {
	for _, c := range d.Columns {
		if c == column || slices.Contains(strings.FieldsFunc(c, func(r rune) bool { return !isWord(byte(r)) }), column) {
			return true
		}
	}
	return len(d.Columns) == 0 && strings.Contains("_"+d.Constraint+"_", "_"+column+"_")
}
