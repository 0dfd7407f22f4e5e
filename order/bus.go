package order

import (
	"context"

	"shop/kit/event"
	"shop/kit/web"
	"shop/order/app"
)

const (
	exchange      = "order_events"
	notifications = "order_notifications"
	stock         = "product_stock"
)

// Topology is every queue of the system, declared by each publisher and consumer.
func Topology() event.Topology {
	return event.Topology{Exchange: exchange, Queues: []event.Queue{
		{Name: notifications, Types: []string{app.Created, app.StatusChanged}},
		{Name: stock, Types: []string{app.StatusChanged, app.Deleted}},
	}}
}

// busCheck is what /health says of the bus, under the name that clients know.
// Without it orders are taken all the same: their events wait in the outbox.
func busCheck(bus event.Bus) web.Check {
	return web.Check{Name: "rabbitmq", Probe: func(ctx context.Context) (map[string]any, error) {
		return map[string]any{"exchange": exchange, "queue": notifications}, bus.Ping(ctx)
	}}
}
