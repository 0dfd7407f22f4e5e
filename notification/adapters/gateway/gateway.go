// Package gateway posts JSON to a receiver outside of this system and says what
// became of it in the words of ports.Channel. kit/web's client is for services
// that answer as ours do; a stranger's statuses mean something else, and a
// stranger gets none of our tokens and traces.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"shop/notification/domain"
)

// Gateway is one receiver. Its connections are kept alive; redirects are not
// followed, because they would carry credentials and contact data elsewhere.
type Gateway struct {
	url    string
	token  string
	client *http.Client
	now    func() time.Time
}

// New returns the gateway at address, an http or https URL that the operator has
// set. token, if there is one, is shown as a bearer token.
func New(address, token string, now func() time.Time) (*Gateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("the address is no http or https URL") // Not repeated: it may hold a secret.
	}
	return &Gateway{
		url: address, token: token, now: now,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				TLSHandshakeTimeout:    5 * time.Second,
				MaxIdleConnsPerHost:    maxIdle,
				IdleConnTimeout:        60 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

const (
	maxIdle   = 16
	maxAnswer = 64 << 10 // bytes; the rest of an answer isn't read, and its connection isn't kept.
)

// Post sends body, a JSON document, under identity, by which the receiver can
// recognise a repetition, with further headers. Errors as of ports.Channel.Send.
func (g *Gateway) Post(ctx context.Context, identity string, body []byte, headers http.Header) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return domain.Undelivered("the request could not be made", 0) // The error would repeat the URL.
	}
	r.GetBody = nil // Or net/http sends it again by itself on a broken connection, because of the Idempotency-Key.
	for name, values := range headers {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Idempotency-Key", identity)
	r.Header.Set("User-Agent", "shop-notification")
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return unanswered(ctx, err)
	}
	defer answer.Body.Close()
	// Read so that the connection can be used again; the status has decided already.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	return g.outcome(answer)
}

// unanswered says why nobody answered, without the URL.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return domain.Undelivered("no answer in time", 0)
	}
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		err = outer.Err
	}
	return domain.ErrUndelivered.With("reason", "no answer").Wrap(err)
}

// outcome returns what a status means for the message.
func (g *Gateway) outcome(answer *http.Response) error {
	reason := "http " + strconv.Itoa(answer.StatusCode)
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return domain.Undelivered(reason, g.pause(answer.Header.Get("Retry-After")))
	default:
		return domain.Rejected(reason)
	}
}

// pause reads a Retry-After: seconds or a date
// (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3); 0 for anything else.
func (g *Gateway) pause(after string) time.Duration {
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(at.Sub(g.now()), 0)
	}
	return 0
}

// Close closes the connections that no call is using.
func (g *Gateway) Close() error {
	g.client.CloseIdleConnections()
	return nil
}
