package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

const (
	defaultConns     = 16
	statementTimeout = 10 * time.Second
	connMaxLifetime  = 30 * time.Minute // So that connections move to a new primary behind one name.
	connMaxIdleTime  = 5 * time.Minute
)

// openPostgres opens one pool for reading and writing. Settings in the URL win
// over the defaults here; TLS options (sslmode, sslrootcert, sslcert, sslkey) are
// libpq's, with libpq's default sslmode=prefer.
func (db *DB) openPostgres(ctx context.Context, u *url.URL, o Options) error {
	if o.StatementTimeout == 0 {
		o.StatementTimeout = statementTimeout
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultConns
	}
	milliseconds := o.StatementTimeout.Milliseconds()
	conns, err := postgresPool(u, o.Tel.Service, map[string]string{
		"statement_timeout": strconv.FormatInt(milliseconds, 10),
		// A transaction that its owner forgot must not hold locks for ever.
		"idle_in_transaction_session_timeout": strconv.FormatInt(2*milliseconds, 10),
	})
	if err != nil {
		return err
	}
	conns.SetMaxOpenConns(o.MaxConns)
	conns.SetMaxIdleConns(o.MaxConns)
	conns.SetConnMaxLifetime(connMaxLifetime)
	conns.SetConnMaxIdleTime(connMaxIdleTime)
	// Changing a schema may take as long as it takes, and is done seldom.
	db.schema, err = postgresPool(u, o.Tel.Service, nil)
	if err != nil {
		return errors.Join(err, conns.Close())
	}
	db.schema.SetMaxIdleConns(-1)
	db.namespace = strings.Trim(u.Path, "/")
	db.read = &pool{DB: sqlx.NewDb(conns, "postgres"), size: o.MaxConns}
	db.write = db.read
	if err := db.Ping(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s at %s: %w", db.namespace, u.Host, err), db.closePools())
	}
	return nil
}

// postgresPool returns connections to u with options where u has none.
func postgresPool(u *url.URL, service string, options map[string]string) (*sql.DB, error) {
	q := u.Query()
	for _, defaults := range []map[string]string{
		options,
		{"sslmode": "prefer", "connect_timeout": "5", "application_name": service},
	} {
		for name, value := range defaults {
			if !q.Has(name) {
				q.Set(name, value)
			}
		}
	}
	with := *u
	with.RawQuery = q.Encode()
	connector, err := pq.NewConnector(with.String())
	if err != nil {
		return nil, errors.New(redact(err.Error(), u))
	}
	return sql.OpenDB(connector), nil
}

// redact removes the URL and its password from a text.
func redact(text string, u *url.URL) string {
	text = strings.ReplaceAll(text, u.String(), u.Redacted())
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "xxxxx")
	}
	return text
}
