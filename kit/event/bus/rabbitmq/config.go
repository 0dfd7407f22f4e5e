package rabbitmq

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Config says where the broker is and what things are called there.
type Config struct {
	// URL is amqp://user:password@host:port/vhost, or amqps:// for TLS. When it is
	// empty the parts that follow say the same.
	URL      string
	Host     string
	Port     int // 0 = 5672, with TLS 5671.
	User     string
	Password string
	VHost    string // "" = "/".
	TLS      bool

	// CAFile holds the certificates (PEM) that TLS trusts in place of the system's.
	CAFile string

	// Exchange is what the topology's exchange is called at this broker, Queues
	// what its queues are called, RoutingKeys what an event type is routed by. What
	// they don't name keeps its name; an event type is its own routing key.
	Exchange    string
	Queues      map[string]string
	RoutingKeys map[string]string
}

// endpoint is a checked Config: where to connect and as whom.
type endpoint struct {
	uri amqp.URI
	tls *tls.Config // Nil: none.
}

// The errors name no URL: it carries a password.
var (
	errURL  = errors.New("must be amqp://user:password@host:port/vhost or amqps://…, with special characters of the password percent-encoded")
	errHost = errors.New("neither a URL nor a host is given")
)

func (c Config) endpoint() (endpoint, error) {
	uri, err := c.uri()
	if err != nil {
		return endpoint{}, err
	}
	e := endpoint{uri: uri}
	if uri.Scheme != schemeTLS {
		return e, nil
	}
	e.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: uri.Host}
	file := uri.CACertFile
	if c.CAFile != "" {
		file = c.CAFile
	}
	if file == "" {
		return e, nil
	}
	pem, err := os.ReadFile(file) //nolint:gosec // The operator's own setting.
	if err != nil {
		return endpoint{}, fmt.Errorf("read the certificates to trust: %w", err)
	}
	e.tls.RootCAs = x509.NewCertPool()
	if !e.tls.RootCAs.AppendCertsFromPEM(pem) {
		return endpoint{}, fmt.Errorf("%s holds no certificate (PEM)", file)
	}
	return e, nil
}

const (
	schemePlain, portPlain = "amqp", 5672
	schemeTLS, portTLS     = "amqps", 5671
)

func (c Config) uri() (amqp.URI, error) {
	if c.URL != "" {
		uri, err := amqp.ParseURI(c.URL)
		if err != nil {
			return amqp.URI{}, errURL
		}
		return uri, nil
	}
	if c.Host == "" {
		return amqp.URI{}, errHost
	}
	uri := amqp.URI{Scheme: schemePlain, Host: c.Host, Port: portPlain, Username: c.User, Password: c.Password, Vhost: "/"}
	if c.TLS {
		uri.Scheme, uri.Port = schemeTLS, portTLS
	}
	if c.Port != 0 {
		uri.Port = c.Port
	}
	if c.VHost != "" {
		uri.Vhost = c.VHost
	}
	return uri, nil
}
