// Package sql keeps products and reservations in PostgreSQL or SQLite, with the
// same statements on both.
package sql

import (
	"embed"
	"io/fs"

	"shop/kit/sqldb"
)

//go:embed migrations
var files embed.FS

// Migrations returns the schema's steps, as sqldb.NewMigrator takes them.
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil { // The name is a constant and valid.
		panic(err)
	}
	return sub
}

// byID is the condition that selects one row to change. Postgres locks it at
// once, so that what is decided on it still holds when it is written; SQLite's
// transactions are alone anyway.
func byID(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return "id = ? FOR UPDATE"
	}
	return "id = ?"
}

// Option changes what Products and Reservations do besides.
type Option func(*options)

type options struct{ invalidations *Invalidations }

// Noting has every change of a product noted in list.
func Noting(list *Invalidations) Option { return func(o *options) { o.invalidations = list } }

func with(opts []Option) (o options) {
	for _, opt := range opts {
		opt(&o)
	}
	return o
}
