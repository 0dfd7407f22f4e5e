package sql

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var files embed.FS

// Migrations returns the schema's steps for sqldb.NewMigrator.
func Migrations() fs.FS {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil { // The directory is embedded.
		panic(err)
	}
	return migrations
}
