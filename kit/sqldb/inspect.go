package sqldb

import "strings"

// shape is what a query's text says about itself.
type shape struct {
	operation  string
	collection string
	writes     bool
}

// inspect finds the operation and the first table of a query. It reads words,
// not grammar: enough for labels and for choosing between reader and writer.
func inspect(query string) shape {
	words := words(query)
	if len(words) == 0 {
		return shape{operation: "UNKNOWN", writes: true}
	}
	s := shape{operation: strings.ToUpper(words[0])}
	switch s.operation {
	case "WITH":
		s = inspectWith(words)
	case "SELECT", "DELETE":
		s.collection = after(words, "FROM")
	case "INSERT", "REPLACE":
		s.collection = after(words, "INTO")
	case "UPDATE":
		s.collection = tableAt(words[1:])
	}
	s.writes = s.writes || s.operation != "SELECT" && s.operation != "EXPLAIN"
	return s
}

// inspectWith takes the verb that follows the common table expressions. Where that
// only selects from one of them, it is what is done inside that counts: the first
// write, or else what that expression selects from.
func inspectWith(words []string) shape {
	s := shape{operation: "SELECT"}
	var inner shape // The first write.
	depth := 0
	for i, w := range words {
		switch verb := strings.ToUpper(w); verb {
		case "(":
			depth++
		case ")":
			depth--
		case "INSERT", "UPDATE", "DELETE":
			if i > 0 && (strings.EqualFold(words[i-1], "FOR") || strings.EqualFold(words[i-1], "KEY")) {
				continue // SELECT … FOR UPDATE, FOR NO KEY UPDATE
			}
			found := inspect(strings.Join(words[i:], " "))
			if depth == 0 {
				return found
			}
			if s.writes = true; !inner.writes {
				inner = found
			}
		case "SELECT":
			if depth == 0 && s.collection == "" {
				s.collection = after(words[i:], "FROM")
			}
		}
	}
	switch definition := expression(words, s.collection); {
	case definition == nil:
	case inner.writes:
		return inner
	default:
		s.collection = after(definition, "FROM")
	}
	return s
}

// expression returns the words from the definition of the common table expression
// name on; nil if there is no such one.
func expression(words []string, name string) []string {
	for i := 1; i < len(words)-1; i++ {
		if words[i] == name && strings.EqualFold(words[i+1], "AS") {
			return words[i:]
		}
	}
	return nil
}

// after returns the table named after the first keyword that one follows.
func after(words []string, keyword string) string {
	for i, w := range words {
		if strings.EqualFold(w, keyword) {
			if t := tableAt(words[i+1:]); t != "" {
				return t
			}
		}
	}
	return ""
}

func tableAt(words []string) string {
	if len(words) == 0 || words[0] == "(" {
		return ""
	}
	return strings.Trim(words[0], `"`)
}

// words splits a query at spaces and punctuation; parentheses are words.
func words(query string) []string {
	return strings.FieldsFunc(
		strings.NewReplacer("(", " ( ", ")", " ) ").Replace(query),
		func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) },
	)
}
