package order

import (
	"shop/kit/event"
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
