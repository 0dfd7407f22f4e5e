package sql_test

import (
	"testing"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/user/adapters/attemptstest"
	"shop/user/adapters/sessionstest"
	"shop/user/adapters/sql"
	"shop/user/adapters/userstest"
	"shop/user/ports"
)

// each runs a contract on every engine, on fresh databases.
func each(t *testing.T, contract func(t *testing.T, open func(t *testing.T) *sqldb.DB)) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		contract(t, func(t *testing.T) *sqldb.DB {
			db := e.Open(t)
			sqldbtest.Migrate(t, db, sql.Migrations())
			return db
		})
	})
}

func TestUsers(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *sqldb.DB) {
		userstest.Run(t, func(t *testing.T) ports.Users { return sql.NewUsers(open(t)) })
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *sqldb.DB) {
		sessionstest.Run(t, func(t *testing.T) (ports.Users, ports.Sessions) {
			db := open(t)
			return sql.NewUsers(db), sql.NewSessions(db)
		})
	})
}

func TestAttempts(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *sqldb.DB) {
		attemptstest.Run(t, func(t *testing.T) ports.Attempts { return sql.NewAttempts(open(t)) })
	})
}

func TestMigrations(t *testing.T) { sqldbtest.Migrations(t, sql.Migrations()) }
