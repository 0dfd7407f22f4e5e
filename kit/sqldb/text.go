package sqldb

import (
	"strconv"
	"strings"
)

// rebind turns the placeholders ? into the engine's. What is in quotes stays; ??
// is a question mark.
func (d Dialect) rebind(query string) string {
	if d != Postgres {
		return query
	}
	var out strings.Builder
	for i, n := 0, 0; i < len(query); {
		end := i + 1
		switch {
		case query[i] == '\'' || query[i] == '"':
			end = closing(query, i)
			out.WriteString(query[i:end])
		case strings.HasPrefix(query[i:], "??"):
			end = i + 2
			out.WriteByte('?')
		case query[i] == '?':
			n++
			out.WriteString("$" + strconv.Itoa(n))
		default:
			out.WriteByte(query[i])
		}
		i = end
	}
	return out.String()
}

// sanitise replaces literals by placeholders. Queries are written with
// placeholders anyway; this makes sure that none shows a value.
func sanitise(query string) string {
	var out strings.Builder
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == '\'':
			i = closing(query, i)
			out.WriteByte('?')
		case c == '"':
			end := closing(query, i)
			out.WriteString(query[i:end])
			i = end
		case isWord(c):
			end := i
			for end < len(query) && (isWord(query[end]) || query[end] == '.') {
				end++
			}
			if c >= '0' && c <= '9' {
				out.WriteByte('?')
			} else {
				out.WriteString(query[i:end])
			}
			i = end
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.String()
}

// closing returns the position after the quoted text that begins at i; a doubled
// quote stands for itself.
func closing(query string, i int) int {
	quote := query[i]
	for i++; i < len(query); i++ {
		if query[i] != quote {
			continue
		}
		if i+1 < len(query) && query[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(query)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
