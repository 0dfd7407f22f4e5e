package product

import (
	"context"

	"shop/kit/event"
	"shop/kit/web"

	"shop/product/adapters/bus"
)

// brokerCheck is not critical: orders that are cancelled while the broker is away
// give their stock back when it is here again.
func brokerCheck(b event.Bus) web.Check {
	details := map[string]any{"exchange": bus.Topology().Exchange, "queue": bus.Queue}
	return web.Check{Name: "rabbitmq", Probe: func(ctx context.Context) (map[string]any, error) {
		return details, b.Ping(ctx)
	}}
}
