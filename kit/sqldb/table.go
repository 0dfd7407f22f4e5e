package sqldb

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx/reflectx"
)

// table is a Repository without its type: columns and SQL, made once.
type table struct {
	name       string
	immutable  []string
	key        column
	version    *column
	columns    []column
	withoutKey []column // What an insert writes when the database assigns the key.
	mutable    []column // What an update writes.

	insert, insertAssigned, get, selectAll, update, remove, exists string

	// On Postgres, many rows by one statement: one argument a column.
	insertMany, insertManyAssigned string
}

// column is a field of the row struct.
type column struct {
	name     string
	index    []int
	kind     string // The type in Postgres of what the field holds.
	assigned bool   // A key that the database assigns when it is 0.
}

// of returns the column's field in row.
func (c column) of(row reflect.Value) reflect.Value { return row.FieldByIndex(c.index) }

func newTable(name string, row reflect.Type, options []Option) *table {
	t := &table{name: name, key: column{name: "id"}}
	for _, option := range options {
		option(t)
	}
	t.columns = columnsOf(name, row)
	t.resolve(row)
	t.build()
	return t
}

// columnsOf returns the tagged fields of row in their order, those of embedded
// structs in place.
func columnsOf(name string, row reflect.Type) []column {
	if row.Kind() != reflect.Struct {
		panic(fmt.Sprintf("sqldb: a row of %s is a struct, not %s", name, row))
	}
	var columns []column
	for _, f := range reflectx.NewMapper("db").TypeMap(row).Index {
		if tag, tagged := f.Field.Tag.Lookup("db"); tagged && tag != "-" && !f.Embedded {
			columns = append(columns, column{name: f.Name, index: f.Index, kind: kindOf(f.Field.Type)})
		}
	}
	slices.SortStableFunc(columns, func(a, b column) int { return slices.Compare(a.index, b.index) })
	if len(columns) == 0 {
		panic(fmt.Sprintf("sqldb: %s of table %s has no `db` tags", row, name))
	}
	return columns
}

// resolve finds the key and the version among the columns.
func (t *table) resolve(row reflect.Type) {
	found := false
	for i, c := range t.columns {
		kind := row.FieldByIndex(c.index).Type.Kind()
		integer := kind >= reflect.Int && kind <= reflect.Int64
		switch c.name {
		case t.key.name:
			t.columns[i].assigned = integer
			t.key, found = t.columns[i], true
			continue
		case "version":
			if !integer {
				panic(fmt.Sprintf("sqldb: column version of table %s is no integer", t.name))
			}
			t.version = &t.columns[i]
			t.withoutKey = append(t.withoutKey, c)
			continue
		}
		t.withoutKey = append(t.withoutKey, c)
		if !slices.Contains(t.immutable, c.name) {
			t.mutable = append(t.mutable, c)
		}
	}
	if !found {
		panic(fmt.Sprintf("sqldb: %s of table %s has no key column %s", row, t.name, t.key.name))
	}
}

func (t *table) build() {
	name, key := quote(t.name), quote(t.key.name)
	t.selectAll = "SELECT " + names(t.columns) + " FROM " + name
	t.get = t.selectAll + " WHERE " + key + " = ?"
	t.exists = "SELECT 1 FROM " + name + " WHERE " + key + " = ?"
	t.remove = "DELETE FROM " + name + " WHERE " + key + " = ?"
	t.insert = "INSERT INTO " + name + " (" + names(t.columns) + ") VALUES (" + marks(len(t.columns)) + ")"
	t.insertAssigned = "INSERT INTO " + name + " (" + names(t.withoutKey) + ") VALUES (" + marks(len(t.withoutKey)) + ") RETURNING " + key

	into := func(columns []column) string {
		return "INSERT INTO " + name + " (" + names(columns) + ") SELECT " + names(columns) +
			" FROM " + arrays(columns) + " WITH ORDINALITY AS given (" + names(columns) + `, "ordinality") ORDER BY "ordinality"`
	}
	t.insertMany = into(t.columns)
	t.insertManyAssigned = into(t.withoutKey) + " RETURNING " + key

	var sets []string
	for _, c := range t.mutable {
		sets = append(sets, quote(c.name)+" = ?")
	}
	condition := key + " = ?"
	if t.version != nil {
		sets = append(sets, `"version" = "version" + 1`)
		condition += ` AND "version" = ?`
	}
	t.update = "UPDATE " + name + " SET " + strings.Join(sets, ", ") + " WHERE " + condition
}

// kindOf returns the type of a column of Postgres that a field of type t fits into.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Bool:
		return "BOOLEAN"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "BIGINT"
	case reflect.Float32, reflect.Float64:
		return "DOUBLE PRECISION"
	default:
		return "TEXT"
	}
}

// arrays returns a FROM item for Postgres whose rows are given by one array a
// column.
func arrays(columns []column) string {
	marks := make([]string, len(columns))
	for i, c := range columns {
		marks[i] = "CAST(? AS " + c.kind + "[])"
	}
	return "unnest(" + strings.Join(marks, ", ") + ")"
}

// list returns the text and arguments of a Query.
func (t *table) list(q Query) (string, []any) {
	text, args := t.selectAll, slices.Clip(q.Args)
	if q.Where != "" {
		text += " WHERE " + q.Where
	}
	if q.OrderBy != "" {
		text += " ORDER BY " + q.OrderBy
	}
	if q.Limit > 0 || q.Offset > 0 {
		limit := int64(q.Limit)
		if limit <= 0 {
			limit = math.MaxInt64 // SQLite has no OFFSET without LIMIT.
		}
		text += " LIMIT ? OFFSET ?"
		args = append(args, limit, q.Offset)
	}
	return text, args
}

// count returns the text and arguments that count rows, at most one more than
// limit: enough to know that there are more.
func (t *table) count(where string, args []any, limit int64) (string, []any) {
	condition := ""
	if where != "" {
		condition = " WHERE " + where
	}
	if limit == 0 {
		return "SELECT count(*) FROM " + quote(t.name) + condition, args
	}
	return "SELECT count(*) FROM (SELECT 1 FROM " + quote(t.name) + condition + " LIMIT ?) AS capped",
		append(slices.Clip(args), limit+1)
}

// values returns the columns' values of row as arguments.
func (t *table) values(row reflect.Value, columns []column) []any {
	args := make([]any, len(columns), len(columns)+2)
	for i, c := range columns {
		args[i] = c.of(row).Interface()
	}
	return args
}

// series returns the columns' values in rows, a slice, for unnest.
func (t *table) series(rows reflect.Value, columns []column) []any {
	all := make([][]any, rows.Len())
	for i := range all {
		all[i] = t.values(rows.Index(i), columns)
	}
	return Columns(all)
}

// quote makes an identifier of any word: key, order.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func names(columns []column) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = quote(c.name)
	}
	return strings.Join(quoted, ", ")
}

func marks(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}
