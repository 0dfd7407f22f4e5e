package sql

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/lib/pq"

	"shop/kit/sqldb"

	"shop/product/domain"
)

// condition collects the parts of a WHERE. The texts come from a small fixed
// set, whatever a client sends, so that each statement is prepared once.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) and(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

func (c *condition) text() string { return strings.Join(c.parts, " AND ") }

func filter(f domain.Filter, d sqldb.Dialect) condition {
	var c condition
	if len(f.Words) > 0 {
		c.and(allLike(f.Words, d))
	}
	if f.MinPrice != nil || f.MaxPrice != nil {
		low, high := int64(0), int64(math.MaxInt64)
		if f.MinPrice != nil {
			low = int64(*f.MinPrice)
		}
		if f.MaxPrice != nil {
			high = int64(*f.MaxPrice)
		}
		c.and("price_minor BETWEEN ? AND ?", low, high)
	}
	if f.InStock != nil {
		c.and("(quantity > 0) = ?", *f.InStock)
	}
	return c
}

// allLike is the condition that every word occurs in the folded name: one
// statement for any number of words.
func allLike(words []string, d sqldb.Dialect) (text string, arg any) {
	patterns := make([]string, len(words))
	for i, w := range words {
		patterns[i] = "%" + escape.Replace(w) + "%"
	}
	if d == sqldb.Postgres { // Its LIKE escapes by a backslash unless told otherwise.
		return "name_folded LIKE ALL (?)", pq.StringArray(patterns)
	}
	array, err := json.Marshal(patterns)
	if err != nil { // Strings always marshal.
		panic(err)
	}
	return `NOT EXISTS (SELECT 1 FROM json_each(?) WHERE name_folded NOT LIKE value ESCAPE '\')`, string(array)
}

// escape takes their meaning from the characters that mean something to LIKE.
var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// columns are what each key sorts by.
var columns = map[domain.SortKey]string{
	domain.ByName:      "name_folded",
	domain.ByPrice:     "price_minor",
	domain.ByCreatedAt: "created_at",
}

func orderBy(s domain.Sort) string {
	direction := ""
	if s.Descending {
		direction = " DESC"
	}
	if column, ok := columns[s.Key]; ok {
		return column + direction + ", id" + direction
	}
	return "id" + direction
}

// after starts behind the place, if there is one.
func (c *condition) after(place *domain.Cursor) {
	if place == nil {
		return
	}
	comparison := " > "
	if place.Sort.Descending {
		comparison = " < "
	}
	column, ok := columns[place.Sort.Key]
	switch {
	case !ok:
		c.and("id"+comparison+"?", int64(place.ID))
	case place.Sort.Key == domain.ByName:
		c.and("("+column+", id)"+comparison+"(?, ?)", place.Text, int64(place.ID))
	default:
		c.and("("+column+", id)"+comparison+"(?, ?)", place.Number, int64(place.ID))
	}
}
