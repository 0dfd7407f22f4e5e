package observe

import (
	"context"

	"shop/kit/event"
	"shop/kit/telemetry"
)

// Bus returns inner observed: {prefix}_broker_connected, and every handler that
// subscribes as by Handler, with the types that topology binds to its queue. One
// prefix is for the consumer of one queue.
func Bus(inner event.Bus, tel *telemetry.Telemetry, prefix string, topology event.Topology) event.Bus {
	Connected(tel, prefix, inner.Ping)
	return &bus{Bus: inner, tel: tel, prefix: prefix, topology: topology}
}

type bus struct {
	event.Bus
	tel      *telemetry.Telemetry
	prefix   string
	topology event.Topology
}

func (b *bus) Subscribe(ctx context.Context, queue string, prefetch int, h event.Handler) error {
	q, _ := b.topology.Queue(queue) // The bus itself refuses a queue that does not exist.
	return b.Bus.Subscribe(ctx, queue, prefetch, Handler(b.tel, b.prefix, h, q.Types...))
}
