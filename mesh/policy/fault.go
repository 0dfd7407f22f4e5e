package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a policy.
type Fault struct {
	File string // As it was named to Parse.
	Line int    // From 1 on; 0 = the file as a whole.
	Path string // "services.user.port", "" where the file is no YAML.
	Rule string // What must be: "must be between 1 and 65535".
}

func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Rule)
	return b.String()
}

// Faults is everything that is wrong, in the order of files and lines.
type Faults []Fault

// Error returns one line a fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// sort brings f into the order of files, as they were given, and lines.
func (f Faults) sort(files []string) {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Path, b.Path),
		)
	})
}
