// Package metrics counts and times what the user service does, by decorators
// around its ports.
package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
	"shop/user/domain"
	"shop/user/ports"
)

// Journal counts the entries of another journal as auth_events_total.
type Journal struct {
	next   ports.Journal
	events map[ports.EventName]prometheus.Counter
}

var _ ports.Journal = (*Journal)(nil)

// NewJournal counts what is recorded in next. Every counter exists from the
// start, so that the first event is a step from 0.
func NewJournal(next ports.Journal, tel *telemetry.Telemetry) *Journal {
	total := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auth_events_total",
		Help: "What happened to accounts and sessions, by event.",
	}, []string{"event"}))
	j := &Journal{next: next, events: map[ports.EventName]prometheus.Counter{}}
	for _, name := range ports.EventNames() {
		j.events[name] = total.WithLabelValues(string(name))
	}
	return j
}

// Record implements ports.Journal.
func (j *Journal) Record(ctx context.Context, e ports.Event) {
	j.events[e.Name].Inc()
	j.next.Record(ctx, e)
}

// Hasher times another hasher as auth_password_hash_duration_seconds, and as a span
// within a recorded trace: hashing is most of what a login takes.
type Hasher struct {
	next     ports.Hasher
	tracer   trace.Tracer
	duration prometheus.Observer
	now      func() time.Time
}

var _ ports.Hasher = (*Hasher)(nil)

// NewHasher times next.
func NewHasher(next ports.Hasher, tel *telemetry.Telemetry, now func() time.Time) *Hasher {
	return &Hasher{next: next, tracer: tel.Tracer, now: now, duration: telemetry.Register(tel, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "auth_password_hash_duration_seconds",
		Help:    "Time to hash or verify one password, without waiting for a turn.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .15, .2, .25, .3, .4, .5, .75, 1, 2.5, 5},
	}))}
}

// Hash implements ports.Hasher.
func (h *Hasher) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	ctx, end := h.begin(ctx, "hash password")
	defer end()
	return h.next.Hash(ctx, p)
}

// Verify implements ports.Hasher.
func (h *Hasher) Verify(ctx context.Context, hash domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	ctx, end := h.begin(ctx, "verify password")
	defer end()
	return h.next.Verify(ctx, hash, p)
}

func (h *Hasher) begin(ctx context.Context, name string) (_ context.Context, end func()) {
	began := h.now()
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func() { telemetry.Observe(ctx, h.duration, h.now().Sub(began).Seconds()) }
	}
	ctx, span := h.tracer.Start(ctx, name)
	return ctx, func() {
		telemetry.Observe(ctx, h.duration, h.now().Sub(began).Seconds())
		span.End()
	}
}

// resultError is the result of a check that could not tell.
const resultError = "error"

// TokenChecker counts and times the checks of tokens for other services as
// auth_validate_token_server_total and …_duration_seconds.
type TokenChecker struct {
	next    ports.TokenChecker
	results map[string]result
	now     func() time.Time
}

type result struct {
	total    prometheus.Counter
	duration prometheus.Observer
}

var _ ports.TokenChecker = (*TokenChecker)(nil)

// NewTokenChecker counts and times next.
func NewTokenChecker(next ports.TokenChecker, tel *telemetry.Telemetry, now func() time.Time) *TokenChecker {
	total := telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auth_validate_token_server_total",
		Help: "Checks of access tokens for other services, by result.",
	}, []string{"result"}))
	duration := telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "auth_validate_token_server_duration_seconds",
		Help:    "Time to check an access token for another service, by result.",
		Buckets: append([]float64{.0001, .00025, .0005}, telemetry.Buckets()...),
	}, []string{"result"}))
	c := &TokenChecker{next: next, results: map[string]result{}, now: now}
	for _, name := range []string{
		"valid", resultError, string(domain.TokenMalformed), string(domain.TokenSignature), string(domain.TokenExpired),
		string(domain.TokenUnknownUser), string(domain.TokenRevoked),
	} {
		c.results[name] = result{total.WithLabelValues(name), duration.WithLabelValues(name)}
	}
	return c
}

// Check implements ports.TokenChecker.
func (c *TokenChecker) Check(ctx context.Context, token domain.AccessToken) (domain.Caller, error) {
	began := c.now()
	caller, err := c.next.Check(ctx, token)
	name := "valid"
	if err != nil {
		name = resultError
		if refusal := domain.TokenRefusal(""); errors.As(err, &refusal) {
			name = string(refusal)
		}
	}
	r := c.results[name]
	r.total.Inc()
	telemetry.Observe(ctx, r.duration, c.now().Sub(began).Seconds())
	return caller, err
}
