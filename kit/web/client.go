package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"

	"shop/kit/telemetry"
)

// ClientOptions tune a Client. Zero values are the defaults.
type ClientOptions struct {
	Timeout       time.Duration // Of a whole call; 2 s. A sooner deadline of the context wins.
	InternalToken string        // Sent as X-Internal-Token.
	Name          string        // What is called ("user"), in metrics and spans; the base's host.
	MaxConns      int           // Idle connections that are kept; 128.
}

// Client calls one other service. Its connections are kept alive and shared by
// all of its calls; redirects are not followed and no proxy is asked.
type Client struct {
	base       string
	token      string
	name       string
	timeout    time.Duration
	http       *http.Client
	tel        *telemetry.Telemetry
	durations  *prometheus.HistogramVec
	attributes []attribute.KeyValue
}

// NewClient returns a client of the service at base ("http://127.0.0.1:8001").
func NewClient(base string, tel *telemetry.Telemetry, o ClientOptions) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil {
		if known := (*url.Error)(nil); errors.As(err, &known) {
			err = known.Err // Without the address: there may be a password in it.
		}
		return nil, fmt.Errorf("address of a service: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("address of a service: %q is not of the form http://host:port", u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("address of a service: only http://host:port and a path are allowed")
	}
	conns := or(o.MaxConns, 128)
	c := &Client{
		base:    strings.TrimSuffix(u.String(), "/"),
		token:   o.InternalToken,
		name:    or(o.Name, u.Hostname()),
		timeout: or(o.Timeout, 2*time.Second),
		tel:     tel,
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:            (&net.Dialer{Timeout: time.Second, KeepAlive: 30 * time.Second}).DialContext,
				TLSHandshakeTimeout:    2 * time.Second,
				MaxIdleConns:           conns,
				MaxIdleConnsPerHost:    conns,
				IdleConnTimeout:        60 * time.Second, // Sooner than a Server closes it, so no call meets a closing connection.
				MaxResponseHeaderBytes: 64 << 10,
				DisableCompression:     true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		durations: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_client_request_duration_seconds",
			Help:    "How long calls of other services took, until their answer was read.",
			Buckets: telemetry.Buckets(),
		}, []string{"http_request_method", "service_peer_name", "url_template", "http_response_status_code", "error_type"})),
	}
	c.attributes = []attribute.KeyValue{
		attribute.String("server.address", u.Hostname()),
		attribute.String("service.peer.name", c.name),
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		c.attributes = append(c.attributes, attribute.Int("server.port", port))
	}
	return c, nil
}

// Close closes the connections that no call is using.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}
