package sqldb

import (
	"fmt"
	"strconv"
	"strings"
)

// maxShownIDs is how many rows a finding names.
const maxShownIDs = 20

// Findings are what an adoption finds out about a database.
type Findings struct{ refused, notes []Finding }

// Finding is a fact, and the rows it is about.
type Finding struct {
	Table string // "" = none in particular.
	Text  string
	Rows  int64   // 0: it is not about rows.
	IDs   []int64 // The first of them.
}

// Refuse says that these rows, or without ids the whole table, do not fit. The
// same text again adds to its rows.
func (f *Findings) Refuse(table, text string, ids ...int64) {
	f.refused = add(f.refused, table, text, ids)
}

// Note tells something of these rows that does not keep them from being adopted.
func (f *Findings) Note(table, text string, ids ...int64) { f.notes = add(f.notes, table, text, ids) }

func add(all []Finding, table, text string, ids []int64) []Finding {
	at := -1
	for i := range all {
		if all[i].Table == table && all[i].Text == text {
			at = i
		}
	}
	if at < 0 {
		all = append(all, Finding{Table: table, Text: text})
		at = len(all) - 1
	}
	known := &all[at]
	known.Rows += int64(len(ids))
	known.IDs = append(known.IDs, ids[:min(len(ids), maxShownIDs-len(known.IDs))]...)
	return all
}

// unfit returns what was refused, nil if nothing was.
func (f *Findings) unfit() error {
	if len(f.refused) == 0 {
		return nil
	}
	reasons := make([]string, len(f.refused))
	for i, finding := range f.refused {
		reasons[i] = finding.String()
	}
	return &Unfit{reasons}
}

// String returns one line: "orders: no amount of money: 2 rows, ids 7, 9".
func (f Finding) String() string {
	line := f.Text
	if f.Table != "" {
		line = f.Table + ": " + line
	}
	switch f.Rows {
	case 0:
		return line
	case 1:
		return fmt.Sprintf("%s: 1 row, id %d", line, f.IDs[0])
	}
	ids := make([]string, len(f.IDs))
	for i, id := range f.IDs {
		ids[i] = strconv.FormatInt(id, 10)
	}
	line = fmt.Sprintf("%s: %d rows, ids %s", line, f.Rows, strings.Join(ids, ", "))
	if more := f.Rows - int64(len(f.IDs)); more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	return line
}
