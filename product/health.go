package product

import (
	"context"

	"shop/kit/event"
	"shop/kit/web"

	"shop/product/adapters/bus"
)

// cacheProbe returns the probe of a cache made by engine. The embedded cache is
// healthy under the same name as the one it stands in for.
func cacheProbe(engine string, ping func(context.Context) error) func(context.Context) (map[string]any, error) {
	return func(ctx context.Context) (map[string]any, error) {
		return map[string]any{"engine": engine}, ping(ctx)
	}
}

// noCache is the probe of a cache that is switched off.
func noCache(context.Context) (map[string]any, error) { return map[string]any{"engine": "none"}, nil }

// brokerCheck is not critical: orders that are cancelled while the broker is away
// give their stock back when it is here again.
func brokerCheck(b event.Bus) web.Check {
	details := map[string]any{"exchange": bus.Topology().Exchange, "queue": bus.Queue}
	return web.Check{Name: "rabbitmq", Probe: func(ctx context.Context) (map[string]any, error) {
		return details, b.Ping(ctx)
	}}
}
