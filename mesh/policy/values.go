package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Path is a path, or a pattern of paths: "/login",
// "/internal/users/{id}/contact". A part in braces stands for one part of
// letters, digits, - and _.
type Path string

var pathPart = regexp.MustCompile(`^(?:[A-Za-z0-9._-]+|\{[a-z_]+\})$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Path) UnmarshalText(text []byte) error {
	s := string(text)
	parts := strings.Split(s, "/")
	if len(parts) < 2 || parts[0] != "" {
		return errors.New("must be a path like /orders/{id}")
	}
	for _, part := range parts[1:] {
		if !pathPart.MatchString(part) || part == "." || part == ".." {
			return errors.New("must be a path like /orders/{id}")
		}
	}
	*p = Path(s)
	return nil
}

// Exact reports whether the path stands for itself alone.
func (p Path) Exact() bool { return !strings.Contains(string(p), "{") }

// Pattern returns the regular expression (RE2, for the whole of a path) of the
// paths that p stands for.
func (p Path) Pattern() string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimPrefix(string(p), "/"), "/") {
		b.WriteByte('/')
		if strings.HasPrefix(part, "{") {
			b.WriteString("[A-Za-z0-9_-]+")
		} else {
			b.WriteString(regexp.QuoteMeta(part))
		}
	}
	return b.String()
}

// Route is a method and a path: "POST /validate-token".
type Route struct {
	Method string
	Path   Path
}

var method = regexp.MustCompile(`^[A-Z]+$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Route) UnmarshalText(text []byte) error {
	verb, path, found := strings.Cut(string(text), " ")
	if !found || !method.MatchString(verb) || r.Path.UnmarshalText([]byte(path)) != nil {
		return errors.New("must be a method and a path, like POST /orders/{id}")
	}
	r.Method = verb
	return nil
}

func (r Route) String() string { return r.Method + " " + string(r.Path) }

func (r Route) compare(other Route) int {
	return cmp.Or(cmp.Compare(r.Path, other.Path), cmp.Compare(r.Method, other.Method))
}

// reads reports whether r asks for nothing but an answer.
func (r Route) reads() bool { return r.Method == "GET" || r.Method == "HEAD" }

// Reason is what a request is tried again on.
type Reason string

// Reasons. Connection is safe for every request: it did not reach the callee.
// The others are for what may be done twice.
const (
	Connection Reason = "connection" // No connection, or refused before it was read.
	Reset      Reason = "reset"      // The connection broke before an answer came.
	Gateway    Reason = "gateway"    // 502, 503 or 504, a try that took too long, and Reset.
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Reason) UnmarshalText(text []byte) error {
	switch reason := Reason(text); reason {
	case Connection, Reset, Gateway:
		*r = reason
		return nil
	}
	return fmt.Errorf("must be %s, %s or %s", Connection, Reset, Gateway)
}

// AccessLog says which requests an Envoy writes a line about.
type AccessLog string

// Which requests are logged.
const (
	LogAll    AccessLog = "all"
	LogErrors AccessLog = "errors" // 5xx, and what Envoy answered itself.
	LogNone   AccessLog = "none"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *AccessLog) UnmarshalText(text []byte) error {
	switch log := AccessLog(text); log {
	case LogAll, LogErrors, LogNone:
		*l = log
		return nil
	}
	return fmt.Errorf("must be %s, %s or %s", LogAll, LogErrors, LogNone)
}

// Size is a number of bytes.
type Size int64

// Units of a Size.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

var units = []struct {
	name string
	size Size
}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range units {
		number, found := strings.CutSuffix(string(text), unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > int64(1<<40/unit.size) {
			break
		}
		*s = Size(n) * unit.size
		return nil
	}
	return errors.New("must be a size like 16KiB or 1MiB")
}

func (s Size) String() string {
	for _, unit := range units {
		if s >= unit.size && s%unit.size == 0 {
			return strconv.FormatInt(int64(s/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}
