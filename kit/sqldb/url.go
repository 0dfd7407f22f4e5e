package sqldb

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// target is a parsed database URL.
type target struct {
	dialect Dialect
	path    string   // SQLite's file.
	url     *url.URL // Postgres' URL, in the scheme that lib/pq knows.
}

// errMemory is the answer to SQLite's in-memory databases: each connection
// would see its own, and nothing would survive.
var errMemory = errors.New("an in-memory SQLite database cannot be shared by connections: use a file in a temporary directory")

// parse reads a database URL as SQLAlchemy writes it: sqlite:///relative,
// sqlite:////absolute, postgresql://…; a driver after + is ignored. No error
// repeats the URL, which may hold a password.
func parse(text string) (target, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return target{}, errors.New("a database URL begins with sqlite:/// or postgresql://")
	}
	engine, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	switch engine {
	case "sqlite":
		return parseSQLite(rest)
	case "postgresql", "postgres":
		return parsePostgres(rest)
	default:
		return target{}, fmt.Errorf("unknown database engine %q: a database URL begins with sqlite:/// or postgresql://", engine)
	}
}

func parseSQLite(rest string) (target, error) {
	path, ok := strings.CutPrefix(rest, "/")
	switch {
	case rest == "", path == "", path == ":memory:", rest == ":memory:":
		return target{}, errMemory
	case !ok:
		return target{}, errors.New("a SQLite URL has three slashes before a relative path, four before an absolute one")
	case strings.ContainsAny(path, "?\x00"):
		return target{}, errors.New("a SQLite URL is sqlite:/// and a path, without options")
	}
	return target{dialect: SQLite, path: filepath.Clean(filepath.FromSlash(path))}, nil
}

func parsePostgres(rest string) (target, error) {
	u, err := url.Parse("postgres://" + rest)
	if err != nil {
		return target{}, errors.New("the PostgreSQL URL is malformed: postgresql://user:password@host:5432/database (percent-encode special characters of the password)")
	}
	if strings.Trim(u.Path, "/") == "" && u.Query().Get("dbname") == "" {
		return target{}, errors.New("the PostgreSQL URL names no database")
	}
	return target{dialect: Postgres, url: u}, nil
}
