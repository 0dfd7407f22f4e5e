package sqldb

import (
	"context"
	"fmt"
	"strings"
)

// Write is a statement that writes, to be run Together with others.
type Write struct {
	Query string
	Args  []any
}

// Together runs writes that don't depend on each other: on Postgres in one round
// trip, in which none sees what another writes. An error is that of the first that
// failed; a Duplicate says of which table.
func (tx *Tx) Together(ctx context.Context, writes ...Write) error {
	if tx.Dialect() == Postgres && len(writes) > 1 {
		writes = []Write{joined(writes)}
	}
	for _, w := range writes {
		if _, err := tx.Exec(ctx, w.Query, w.Args...); err != nil {
			return err
		}
	}
	return nil
}

// joined makes one statement of several: all but the last are common table
// expressions of it.
func joined(writes []Write) Write {
	var text strings.Builder
	var args []any
	last := len(writes) - 1
	for i, w := range writes {
		switch i {
		case last:
			text.WriteString(") ")
		case 0:
			text.WriteString("WITH w0 AS (")
		default:
			fmt.Fprintf(&text, "), w%d AS (", i)
		}
		text.WriteString(w.Query)
		args = append(args, w.Args...)
	}
	return Write{text.String(), args}
}
