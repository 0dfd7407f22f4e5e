package observability

// Tokens returns where in a PromQL expression its strings, names, durations and
// numbers stand.
func Tokens(expr string) [][]int { return token.FindAllStringIndex(expr, -1) }

// IsDuration reports whether a token is a duration.
func IsDuration(word string) bool { return isDuration.MatchString(word) }
