package sqldb

import (
	"encoding/json"
	"fmt"

	"github.com/lib/pq"
)

// Dialect is the engine behind a DB.
type Dialect uint8

// The engines.
const (
	SQLite Dialect = iota + 1
	Postgres
)

// String returns the engine's name in OpenTelemetry's vocabulary.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case Postgres:
		return "postgresql"
	default:
		return fmt.Sprintf("dialect(%d)", uint8(d))
	}
}

// Folder is where a file system of migrations keeps this engine's.
func (d Dialect) Folder() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// In returns the condition that column is one of the values of a list, which is
// one argument made by List: one statement whatever the number of values.
func (d Dialect) In(column string) string {
	if d == Postgres {
		return column + " = ANY(?)"
	}
	return column + " IN (SELECT value FROM json_each(?))"
}

// List returns the argument of a condition made by In.
func (d Dialect) List(values []int64) any {
	if d == Postgres {
		return pq.Int64Array(values)
	}
	if values == nil {
		return "[]"
	}
	text, err := json.Marshal(values)
	if err != nil { // Integers always marshal.
		panic(fmt.Sprintf("sqldb: %v", err))
	}
	return string(text)
}

// WithoutFlush returns a condition, always true, for the end of the WHERE of a
// statement whose loss in a crash of the database server does no harm: on Postgres
// the commit of its transaction doesn't wait for the disk. It is "" on SQLite. What
// is committed is visible to all at once either way.
func (d Dialect) WithoutFlush() string {
	if d == Postgres {
		return ` AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'`
	}
	return ""
}
