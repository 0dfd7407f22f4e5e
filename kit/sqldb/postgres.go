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
	statementTimeout = 30 * time.Second
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
	q := u.Query()
	for name, value := range map[string]string{
		"sslmode":           "prefer",
		"connect_timeout":   "5",
		"application_name":  o.Tel.Service,
		"statement_timeout": strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10),
		// A transaction that its owner forgot must not hold locks for ever.
		"idle_in_transaction_session_timeout": strconv.FormatInt(2*o.StatementTimeout.Milliseconds(), 10),
	} {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	with := *u
	with.RawQuery = q.Encode()
	connector, err := pq.NewConnector(with.String())
	if err != nil {
		return errors.New(redact(err.Error(), u))
	}
	conns := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	conns.SetMaxOpenConns(o.MaxConns)
	conns.SetMaxIdleConns(o.MaxConns)
	conns.SetConnMaxLifetime(connMaxLifetime)
	conns.SetConnMaxIdleTime(connMaxIdleTime)
	db.namespace = strings.Trim(u.Path, "/")
	db.read = &pool{DB: conns}
	db.write = db.read
	if err := db.Ping(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s at %s: %w", db.namespace, u.Host, err), db.closePools())
	}
	return nil
}

// redact removes the URL and its password from a text.
func redact(text string, u *url.URL) string {
	text = strings.ReplaceAll(text, u.String(), u.Redacted())
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "xxxxx")
	}
	return text
}
