package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
	defaultConns = 16

	// answerMargin is how much later than the server a client gives up a statement:
	// whoever hears nothing by then talks to a server that hangs.
	answerMargin = time.Second
)

// openPostgres opens one pool for reading and writing. Settings in the URL win
// over the defaults here; TLS options (sslmode, sslrootcert, sslcert, sslkey) are
// libpq's, with libpq's default sslmode=prefer unless there is an authority.
func (db *DB) openPostgres(ctx context.Context, u *url.URL, o Options) error {
	if o.MaxConns == 0 {
		o.MaxConns = defaultConns
	}
	milliseconds := o.StatementTimeout.Milliseconds()
	if o.CAFile != "" {
		u = verified(u, o.CAFile)
	}
	connector, err := postgresConnector(u, o.Tel.Service, o.StatementTimeout+answerMargin, map[string]string{
		"statement_timeout": strconv.FormatInt(milliseconds, 10),
		// A transaction that its owner forgot must not hold locks for ever.
		"idle_in_transaction_session_timeout": strconv.FormatInt(2*milliseconds, 10),
	})
	if err != nil {
		return err
	}
	conns := sql.OpenDB(connector)
	conns.SetMaxOpenConns(o.MaxConns)
	conns.SetMaxIdleConns(o.MaxConns)
	conns.SetConnMaxLifetime(o.ConnLifetime)
	conns.SetConnMaxIdleTime(o.ConnIdleTime)
	// Changing a schema may take as long as it takes, and is done seldom.
	connector, err = postgresConnector(u, o.Tel.Service, 0, nil)
	if err != nil {
		return errors.Join(err, conns.Close())
	}
	db.schema = sql.OpenDB(missed{connector})
	db.schema.SetMaxIdleConns(-1)
	db.namespace = strings.Trim(u.Path, "/")
	db.read = newPool(sqlx.NewDb(conns, "postgres"), o.MaxConns, o.ConnWait)
	db.write = db.read
	if err := db.Ping(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s at %s: %w", db.namespace, u.Host, err), db.closePools())
	}
	return nil
}

// TakesCA reports whether Options.CAFile has a meaning for the database at url: it is
// Postgres, and the URL doesn't say by itself how far its server is trusted.
func TakesCA(url string) bool {
	t, err := parse(url)
	if err != nil || t.dialect != Postgres {
		return false
	}
	q := t.url.Query()
	return !q.Has("sslmode") && !q.Has("sslrootcert")
}

// verified is u with a server that proves its name to the authorities in caFile.
func verified(u *url.URL, caFile string) *url.URL {
	q := u.Query()
	q.Set("sslmode", "verify-full")
	q.Set("sslrootcert", caFile)
	with := *u
	with.RawQuery = q.Encode()
	return &with
}

// postgresConnector makes connections to u with options where u has none.
// patience is that of their sockets.
func postgresConnector(u *url.URL, service string, patience time.Duration, options map[string]string) (*pq.Connector, error) {
	q := u.Query()
	for _, defaults := range []map[string]string{
		options,
		{"sslmode": "prefer", "connect_timeout": "3", "application_name": service},
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
	connector.Dialer(dialer{patience: patience})
	return connector, nil
}

// missed makes connections whose server looks every second whether the client is
// still there, where it can (from PostgreSQL 14 on): the statement of a migrator
// that was killed ends, and with it what the next one waits for.
type missed struct{ *pq.Connector }

func (m missed) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := m.Connector.Connect(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // It is database/sql that asks.
	}
	_, err = conn.(driver.ExecerContext).ExecContext(ctx, `SELECT set_config(name, '1000', false) FROM pg_settings
		WHERE name = 'client_connection_check_interval'`, nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// redact removes the passwords of u from a text, as they are and as a URL writes
// them.
func redact(text string, u *url.URL) string {
	password, _ := u.User.Password()
	for _, secret := range []string{password, u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" {
			text = strings.NewReplacer(secret, "xxxxx", url.QueryEscape(secret), "xxxxx", url.PathEscape(secret), "xxxxx").Replace(text)
		}
	}
	return text
}
