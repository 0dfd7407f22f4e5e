package metrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"shop/kit/testkit"

	"shop/user/adapters/hashertest"
	"shop/user/adapters/journaltest"
	"shop/user/adapters/memory"
	"shop/user/adapters/metrics"
	"shop/user/domain"
	"shop/user/ports"
)

func TestHasher(t *testing.T) {
	hashertest.Run(t, func(t *testing.T) ports.Hasher {
		return metrics.NewHasher(memory.NewHasher("v1"), testkit.Telemetry(t).Telemetry, time.Now)
	})
}

func TestJournal(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) (ports.Journal, func() []ports.EventName) {
		next := &memory.Journal{}
		return metrics.NewJournal(next, testkit.Telemetry(t).Telemetry), func() []ports.EventName {
			var names []ports.EventName
			for _, e := range next.Entries() {
				names = append(names, e.Name)
			}
			return names
		}
	})
}

func TestEventsAreCounted(t *testing.T) {
	tel := testkit.Telemetry(t)
	journal := metrics.NewJournal(&memory.Journal{}, tel.Telemetry)
	journal.Record(t.Context(), ports.Event{Name: ports.RefreshReuse})
	journal.Record(t.Context(), ports.Event{Name: ports.RefreshReuse})
	if got := tel.Value("auth_events_total", "event", "refresh_reuse"); got != 2 {
		t.Errorf("%v counted, want 2", got)
	}
	if got := tel.Value("auth_events_total"); got != 2 {
		t.Errorf("%v counted in all, want 2", got)
	}
}

func TestHashingIsTimed(t *testing.T) {
	tel, clock := testkit.Telemetry(t), testkit.NewClock(time.Time{})
	hasher := metrics.NewHasher(memory.NewHasher("v1"), tel.Telemetry, func() time.Time {
		clock.Advance(time.Second)
		return clock.Now()
	})
	hash, err := hasher.Hash(t.Context(), domain.TypedPassword("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hasher.Verify(t.Context(), hash, domain.TypedPassword("secret")); err != nil {
		t.Fatal(err)
	}
	if count, sum := tel.Observations("auth_password_hash_duration_seconds"); count != 2 || sum != 2 {
		t.Errorf("%d observations of %v s", count, sum)
	}
	if spans := tel.Spans(""); len(spans) != 0 {
		t.Errorf("%d spans outside of a trace", len(spans))
	}
	ctx, request := tel.Tracer.Start(t.Context(), "request")
	hash, err = hasher.Hash(ctx, domain.TypedPassword("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hasher.Verify(ctx, hash, domain.TypedPassword("secret")); err != nil {
		t.Fatal(err)
	}
	request.End()
	for _, name := range []string{"hash password", "verify password"} {
		spans := tel.Spans(name)
		if len(spans) != 1 || spans[0].Parent().SpanID() != request.SpanContext().SpanID() || len(spans[0].Attributes()) != 0 {
			t.Errorf("%s: spans %v", name, spans)
		}
	}
}

// checker gives one answer to every check.
type checker struct{ err error }

func (c checker) Check(context.Context, domain.AccessToken) (domain.Caller, error) {
	return domain.Caller{User: 7}, c.err
}

func TestChecksAreCountedByTheirResult(t *testing.T) {
	away := errors.New("the database is away")
	for result, err := range map[string]error{
		"valid": nil, "expired": domain.TokenExpired, "malformed": domain.TokenMalformed, "bad_signature": domain.TokenSignature,
		"revoked": domain.TokenRevoked, "unknown_user": domain.TokenUnknownUser, "error": away,
	} {
		tel := testkit.Telemetry(t)
		caller, got := metrics.NewTokenChecker(checker{err}, tel.Telemetry, time.Now).Check(t.Context(), domain.AccessToken{})
		if !errors.Is(got, err) || caller.User != 7 {
			t.Errorf("%s: the answer became %+v, %v", result, caller, got)
		}
		count, _ := tel.Observations("auth_validate_token_server_duration_seconds", "result", result)
		if tel.Value("auth_validate_token_server_total", "result", result) != 1 || count != 1 || tel.Value("auth_validate_token_server_total") != 1 {
			t.Errorf("%s is not counted as such", result)
		}
	}
}
