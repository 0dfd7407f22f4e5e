package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// Write is a statement that writes, to be run Together with others.
type Write struct {
	Query string
	Args  []any

	many string // On Postgres the same for several rows: an array for each of Args; "" = there is none.
}

// Together runs writes that don't depend on each other: on Postgres in one round
// trip, in which none sees what another writes, and those that insert into the same
// table as one statement. An error is that of the first that failed; a Duplicate
// says of which table.
func (tx *Tx) Together(ctx context.Context, writes ...Write) error {
	if tx.Dialect() == Postgres && len(writes) > 1 {
		writes = []Write{joined(gathered(writes))}
	}
	for _, w := range writes {
		if _, err := tx.Exec(ctx, w.Query, w.Args...); err != nil {
			return err
		}
	}
	return nil
}

// gathered makes one write of all those that are the same but for their arguments,
// in the place of the first.
func gathered(writes []Write) []Write {
	same := map[string][]Write{}
	var order []string
	for i, w := range writes {
		id := w.Query
		if w.many == "" {
			id = fmt.Sprint(i) // Stays alone.
		}
		if _, known := same[id]; !known {
			order = append(order, id)
		}
		same[id] = append(same[id], w)
	}
	all := make([]Write, len(order))
	for i, id := range order {
		all[i] = ofMany(same[id])
	}
	return all
}

// ofMany makes one write of several of one kind.
func ofMany(writes []Write) Write {
	first := writes[0]
	if len(writes) == 1 {
		return first
	}
	rows := make([][]any, len(writes))
	for i, w := range writes {
		rows[i] = w.Args
	}
	return Write{Query: first.many, Args: Columns(rows)}
}

// Columns returns what unnest takes on Postgres: for each place of the rows, which
// are of one length, the array of what they have there. rows is not empty.
func Columns(rows [][]any) []any {
	args := make([]any, len(rows[0]))
	for i := range args {
		values := make([]any, len(rows))
		for n, row := range rows {
			values[n] = row[i]
		}
		args[i] = pq.Array(values)
	}
	return args
}

// joined makes one statement of several: all but the last are common table
// expressions of it.
func joined(writes []Write) Write {
	if len(writes) == 1 {
		return writes[0]
	}
	var text strings.Builder
	args := make([]any, 0, len(writes)*len(writes[0].Args))
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
		args = slices.Concat(args, w.Args)
	}
	return Write{Query: text.String(), Args: args}
}
