// Package sql keeps users, sessions and failed logins in a database, PostgreSQL
// or SQLite, with the same statements.
package sql

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"shop/kit/sqldb"
)

//go:embed migrations
var files embed.FS

// Migrations returns the schema's files, a folder for each engine.
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil { // Only an invalid name fails.
		panic(fmt.Sprintf("sql: %v", err))
	}
	return sub
}

// hold keeps others from changing a user until tx ends. Transactions of SQLite
// exclude each other anyway.
func hold(ctx context.Context, tx *sqldb.Tx, user int64) error {
	if tx.Dialect() == sqldb.SQLite {
		return nil
	}
	var id int64
	return tx.Get(ctx, &id, `SELECT id FROM users WHERE id = ? FOR UPDATE`, user)
}
