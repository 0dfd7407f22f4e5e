package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"

	"shop/kit/cache"
	"shop/kit/cache/memory"
	"shop/kit/errs"
	"shop/kit/flight"
	"shop/kit/telemetry"
	"shop/kit/web"
)

const (
	// MaxCacheTTL bounds how long a revoked token may go on working.
	MaxCacheTTL = 5 * time.Second

	route     = "/validate-token"
	cacheSize = 10_000 // tokens
	tripAfter = 5      // Failures in a row that open the breaker.
)

// Options tune a Client. A zero field has the default that stands beside it.
type Options struct {
	Timeout  time.Duration // Of one question to the user service: 2 s.
	CacheTTL time.Duration // How long a positive answer is believed: 0, not at all. At most MaxCacheTTL.
	BreakFor time.Duration // How long the breaker leaves a failing user service alone: 1 s.
	Now      func() time.Time
}

// Client is the Validator that asks the user service. Requests that come with
// one token at the same time share one question. When the user service keeps
// failing or hanging, a breaker answers ErrAuthUnavailable in its place until it
// is back.
type Client struct {
	http    *web.Client
	ask     func(context.Context, Token) (answer, error)
	timeout time.Duration
	ttl     time.Duration
	now     func() time.Time
	flights flight.Group[Identity]
	cache   *memory.Cache[Identity] // Nil without CacheTTL.
	breaker *gobreaker.CircuitBreaker[answer]
	metrics metrics
}

var _ Validator = (*Client)(nil)

// question and answer are the bodies of POST /validate-token.
type question struct {
	Token string `json:"token"`
}

type answer struct {
	Valid    bool   `json:"valid"`
	Username string `json:"username"`
	UserID   int64  `json:"user_id"`
}

// NewClient returns a Client of the user service at base
// ("http://127.0.0.1:8001").
func NewClient(base string, tel *telemetry.Telemetry, o Options) (*Client, error) {
	if o.CacheTTL < 0 || o.CacheTTL > MaxCacheTTL {
		return nil, fmt.Errorf("positive answers may be believed for 0 to %s, not %s", MaxCacheTTL, o.CacheTTL)
	}
	c := &Client{
		timeout: or(o.Timeout, 2*time.Second),
		ttl:     o.CacheTTL,
		now:     o.Now,
		metrics: newMetrics(tel),
	}
	if c.now == nil {
		c.now = time.Now
	}
	var err error
	// A little longer than the deadline of the question, so that the latter decides.
	c.http, err = web.NewClient(base, tel, web.ClientOptions{Name: "user", Timeout: c.timeout + time.Second})
	if err != nil {
		return nil, fmt.Errorf("client of the user service: %w", err)
	}
	c.ask = web.Call[Token, answer](c.http, http.MethodPost, route,
		func(Token) string { return route },
		func(t Token) any { return question{string(t)} })
	if c.ttl > 0 {
		if c.cache, err = memory.New[Identity](cacheSize, c.now); err != nil {
			return nil, err
		}
	}
	c.breaker = gobreaker.NewCircuitBreaker[answer](gobreaker.Settings{
		Name:         "validate-token",
		Timeout:      or(o.BreakFor, time.Second),
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return err == nil || !away(err) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			tel.Log.Warn("validate-token breaker", "from", from.String(), "to", to.String())
		},
	})
	c.metrics.breaker(tel, c.breaker.State)
	return c, nil
}

// away reports whether err says that the user service did not do its work, and
// not that the question was wrong.
func away(err error) bool {
	kind := errs.KindOf(err)
	return kind == errs.Internal || kind == errs.Unavailable
}

// Close closes the connections that no call is using.
func (c *Client) Close() error { return c.http.Close() }

// Validate implements Validator.
func (c *Client) Validate(ctx context.Context, t Token) (Identity, error) {
	start := c.now()
	// The token itself is kept nowhere.
	sum := sha256.Sum256([]byte(t))
	key := hex.EncodeToString(sum[:])
	if c.cache != nil {
		if e, found, err := c.cache.Get(ctx, key); err == nil && found {
			c.metrics.observe(ctx, cached, c.now().Sub(start))
			return e.Value, nil
		}
	}
	id, _, err := c.flights.Do(ctx, key, c.timeout, func(ctx context.Context) (Identity, error) {
		return c.find(ctx, key, t)
	})
	if err != nil && ctx.Err() != nil {
		err = ErrAuthUnavailable.Wrap(ctx.Err()) // The caller's own deadline, or it went away.
	}
	if !errors.Is(err, context.Canceled) { // Nobody waits for the answer; it says nothing about the hop.
		c.metrics.observe(ctx, outcomeOf(err), c.now().Sub(start))
	}
	return id, err
}

// find asks the user service whose token t is, through the breaker.
func (c *Client) find(ctx context.Context, key string, t Token) (Identity, error) {
	asked := c.now()
	a, err := c.breaker.Execute(func() (answer, error) {
		a, err := c.ask(ctx, t)
		switch {
		case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
			return a, errs.ErrTimeout.Wrap(fmt.Errorf("no answer within %s: %w", c.timeout, context.DeadlineExceeded))
		case err == nil && a.Valid && (a.UserID < 1 || a.Username == ""):
			return a, errs.ErrUnavailable.Wrap(errors.New("a valid token without a user"))
		}
		return a, err
	})
	switch {
	case err != nil && (away(err) || errs.KindOf(err) == errs.Limited):
		return Identity{}, ErrAuthUnavailable.After(errs.Of(err).RetryAfter).Wrap(err)
	case err != nil: // Refused as a question: no token that it gave out.
		return Identity{}, ErrUnauthenticated.Wrap(err)
	case !a.Valid:
		return Identity{}, ErrUnauthenticated
	}
	id := Identity{UserID: a.UserID, Username: a.Username}
	if c.cache != nil {
		// From when it was asked: the answer was true then. The cache never fails.
		_, _ = c.cache.Put(ctx, key, cache.Entry[Identity]{Value: id, Version: 1}, c.ttl-c.now().Sub(asked))
	}
	return id, nil
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
