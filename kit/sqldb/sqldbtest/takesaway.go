package sqldbtest

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"shop/kit/sqldb"
)

var (
	comment = regexp.MustCompile(`--[^\n]*`)
	created = regexp.MustCompile(`(?i)\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)`)
	floor   = regexp.MustCompile(`(?i)\bINSERT\s+INTO\s+` + sqldb.Floor + `\s*\(\s*version\s*\)\s*VALUES\s*\(\s*(\d+)\s*\)`)

	// harmless is all that may be done to a table that older programs use.
	harmless = regexp.MustCompile(`(?i)^(CREATE\s+TABLE|CREATE\s+INDEX|INSERT|UPDATE|DELETE\s+FROM\s+` + sqldb.Floor + `|ALTER\s+TABLE\s+\w+\s+ADD\s+COLUMN|COMMENT\s+ON)\b`)
	required = regexp.MustCompile(`(?i)\bADD\s+COLUMN\b.*\bNOT\s+NULL\b`)
	standard = regexp.MustCompile(`(?i)\bDEFAULT\b`)
	table    = regexp.MustCompile(`(?i)^(?:ALTER\s+TABLE|CREATE\s+UNIQUE\s+INDEX\s+\w+\s+ON|DROP\s+TABLE)\s+(?:IF\s+EXISTS\s+)?(\w+)`)
)

// TakesAway returns which migration in fsys, after the first, could stop a program
// of the version before from working and does not say so (see sqldb.Floor), with
// the statement at fault; "" is none. What a migration makes itself is its own.
func TakesAway(fsys fs.FS) string {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		names, err := fs.Glob(fsys, d.Folder()+"/*.sql")
		if err != nil {
			return err.Error()
		}
		slices.Sort(names)
		for n, name := range names {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err.Error()
			}
			number, _, _ := strings.Cut(path.Base(name), "_")
			version, err := strconv.Atoi(number)
			if err != nil {
				return err.Error()
			}
			if statement := takesAway(string(text), version); n > 0 && statement != "" {
				return fmt.Sprintf("%s does what programs of the version before may not bear, and does not say in %s which can: %s",
					path.Base(name), sqldb.Floor, statement)
			}
		}
	}
	return ""
}

// takesAway returns the first statement on the way up that is not harmless. A floor
// of the migration's own version would say that no older program can go on.
func takesAway(migration string, version int) string {
	up, _, _ := strings.Cut(migration, "-- +goose Down")
	up = comment.ReplaceAllString(up, "")
	if said := floor.FindStringSubmatch(up); said != nil {
		if known, err := strconv.Atoi(said[1]); err == nil && known > 0 && known < version {
			return ""
		}
	}
	var own []string
	for _, c := range created.FindAllStringSubmatch(up, -1) {
		own = append(own, c[1])
	}
	for statement := range strings.SplitSeq(up, ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		if statement == "" {
			continue
		}
		if of := table.FindStringSubmatch(statement); of != nil && slices.Contains(own, of[1]) {
			continue
		}
		if !harmless.MatchString(statement) || required.MatchString(statement) && !standard.MatchString(statement) {
			return statement
		}
	}
	return ""
}
