package redis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"

	"shop/kit/testkit"
)

// A trace shows what was asked of Redis, but no key and no value.
func TestCommandsAreSpans(t *testing.T) {
	tel := testkit.Telemetry(t)
	c := open(t, at(t, testkit.Redis(t)), tel.Telemetry)
	put(t, c, laptop(1), true)
	get(t, c, laptop(1), true)
	if n := len(tel.Spans("")); n != 0 {
		t.Fatalf("%d spans outside of any trace", n)
	}
	ctx, parent := tel.Tracer.Start(t.Context(), "request")
	if _, err := c.Put(ctx, key, laptop(2), time.Minute); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Get(ctx, key); err != nil {
		t.Error(err)
	}
	if _, found, err := c.Get(ctx, "product:2"); err != nil || found {
		t.Error(found, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := c.Get(ended, key); err == nil {
		t.Error("a command was sent although nobody wanted the answer")
	}
	parent.End()
	for i, want := range []string{"EVALSHA product:?", "GET product:?", "GET product:?", "GET product:?"} {
		span := tel.Spans("")[i]
		attributes := map[string]string{}
		for _, a := range span.Attributes() {
			attributes[string(a.Key)] = a.Value.String()
			if text := a.Value.String(); strings.Contains(text, "Laptop") || strings.Contains(text, key) {
				t.Errorf("%s is %s", a.Key, text)
			}
		}
		operation, _, _ := strings.Cut(want, " ")
		if span.Name() != operation || span.SpanKind().String() != "client" || attributes["db.system.name"] != "redis" ||
			attributes["db.operation.name"] != operation || attributes["db.query.text"] != want || attributes["server.address"] == "" {
			t.Errorf("span %d is %s %v, want %s", i+1, span.Name(), attributes, want)
		}
		if failed := span.Status().Code == codes.Error; failed != (i == 3) || attributes["error.type"] != map[bool]string{true: "canceled"}[failed] {
			t.Errorf("span %d ended as %v %v", i+1, span.Status(), attributes)
		}
	}
}

func TestThePoolIsMeasured(t *testing.T) {
	tel := testkit.Telemetry(t)
	cfg := at(t, testkit.Redis(t))
	cfg.PoolSize = 7
	c := open(t, cfg, tel.Telemetry)
	another := open(t, cfg, tel.Telemetry)
	put(t, c, laptop(1), true)
	get(t, another, laptop(1), true)
	for state, want := range map[string]float64{"max": 14, "idle": 2, "used": 0} {
		if got := tel.Value("test_cache_pool_connections", "state", state); got != want {
			t.Errorf("%v connections are %s, want %v", got, state, want)
		}
	}
	for _, name := range []string{"wait_seconds_total", "waits_total", "timeouts_total"} {
		if got := tel.Value("test_cache_pool_" + name); got != 0 {
			t.Errorf("%s is %v although nobody waited", name, got)
		}
	}
}
