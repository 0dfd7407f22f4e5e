package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says where Redis is and how it is spoken to.
type Config struct {
	// Addrs is the host:port of one server, or of several nodes of one cluster, or
	// with MasterName of the Sentinels who know the master.
	Addrs      []string
	MasterName string

	DB       int // Of a cluster 0.
	Username string
	Password string
	// SentinelPassword is what the Sentinels themselves ask for.
	SentinelPassword string

	TLS    bool
	CAFile string // The certificates (PEM) to trust in place of the system's.

	ClientName string // What CLIENT LIST shows.
	PoolSize   int    // Connections to one server at most; 0 = 32.

	// Timeout bounds an operation whose context has no earlier end; 0 = 1 s.
	Timeout time.Duration
}

const (
	defaultPool    = 32
	defaultTimeout = time.Second
	// clockGrain is how far behind the clock is by which the library computes its
	// own deadlines, which must not come before those of the contexts.
	clockGrain = 100 * time.Millisecond
	// dialTimeout is not the callers': a connection that comes too late for them
	// serves the next.
	dialTimeout = time.Second
	idleTime    = 5 * time.Minute
	// redirects are answers of a cluster whose slots move. All of them, as all
	// else, happen within the context of the operation.
	redirects = 3
)

var errNoAddress = errors.New("no address of Redis is given")

func (c Config) options() (*redis.UniversalOptions, error) {
	if len(c.Addrs) == 0 {
		return nil, errNoAddress
	}
	trust, err := c.tls()
	if err != nil {
		return nil, err
	}
	o := &redis.UniversalOptions{
		Addrs:            c.Addrs,
		MasterName:       c.MasterName,
		ClientName:       c.ClientName,
		DB:               c.DB,
		Username:         c.Username,
		Password:         c.Password,
		SentinelPassword: c.SentinelPassword,
		TLSConfig:        trust,
		Protocol:         2, // What is asked here needs no more, and 3 looks for messages in between.
		DisableIdentity:  true,

		// Whoever asks has a source to fall back on: nothing is tried twice.
		MaxRetries:            -1,
		MaxRedirects:          redirects,
		DialerRetries:         1,
		DialTimeout:           dialTimeout,
		ContextTimeoutEnabled: true,

		PoolSize:                 c.PoolSize,
		ConnMaxIdleTime:          idleTime,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if o.PoolSize == 0 {
		o.PoolSize = defaultPool
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	o.PoolTimeout = timeout
	o.ReadTimeout, o.WriteTimeout = timeout+clockGrain, timeout+clockGrain
	return o, nil
}

// tls returns nil where the connection is not encrypted. Each server must prove
// the name by which it is dialled.
func (c Config) tls() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return trust, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificates to trust: %w", err)
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate (PEM)", c.CAFile)
	}
	return trust, nil
}
