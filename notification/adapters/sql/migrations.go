package sql

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var migrations embed.FS

// Migrations returns the schema's steps: sqlite/*.sql and postgres/*.sql.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil { // The folder is embedded above.
		panic("sql: " + err.Error())
	}
	return files
}
