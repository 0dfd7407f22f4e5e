package dashboard

import "shop/observability/grafana"

func broker() []Panel {
	return []Panel{
		{
			Title: "Alarms", Kind: grafana.StateTimeline, W: 8, H: 7, Unit: plain,
			Shows: "What makes RabbitMQ block publishers: memory, disk; and file descriptors, which keep new connections out.",
			Bad:   "Red: nothing is published until it ends. Events wait in the outbox.",
			Then:  "The runbook: free what it is short of; publishers go on by themselves.",
			Queries: []Query{
				{Expr: "max(rabbitmq_alarms_memory_used_watermark)", Legend: "memory"},
				{Expr: "max(rabbitmq_alarms_free_disk_space_watermark)", Legend: "disk"},
				{Expr: "max(rabbitmq_alarms_file_descriptor_limit)", Legend: "file descriptors"},
			},
			Steps: nonzero(bad), Words: []Word{{"0", "fine", good}, {"1", "alarm", bad}}, Runbooks: []string{"BrokerBlocked"},
		},
		{
			Title: "Memory, of what blocks publishers", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: ratio,
			Shows: "Memory in use as a part of the limit at which publishers are blocked.",
			Bad:   "Above 80 %: queues grow, or the limit is too low.",
			Then:  "Messages in queues, above.",
			Queries: []Query{
				{Expr: "max(rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes)", Legend: "in use"},
			},
			Steps: upFrom(good, at(0.8, grave), at(1, bad)), Lines: true, Max: limit(1), Runbooks: []string{"BrokerBlocked"},
		},
		{
			Title: "Disk before publishers are blocked", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: bytes,
			Shows: "Free disk above the limit at which publishers are blocked.",
			Bad:   "Near 0, or a straight line down.",
			Then:  "What fills it: queues, or somebody else's files?",
			Queries: []Query{
				{Expr: "min(rabbitmq_disk_space_available_bytes - rabbitmq_disk_space_available_limit_bytes)", Legend: "left"},
			},
			Steps: upFrom(bad, at(1<<30, good)), Lines: true, Runbooks: []string{"BrokerBlocked"},
		},
		{
			Title: "Connections, channels, consumers", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "What the broker has open. Each replica of a service has two connections: one publishes, one consumes.",
			Bad:   "Climbing without an end: something connects and forgets.",
			Then:  "rabbitmqctl list_connections name user state.",
			Queries: []Query{
				{Expr: "sum(rabbitmq_connections)", Legend: "connections"},
				{Expr: "sum(rabbitmq_channels)", Legend: "channels"},
				{Expr: "sum(rabbitmq_consumers)", Legend: "consumers"},
			},
			Runbooks: []string{"BrokerDisconnected"},
		},
		{
			Title: "Messages that no queue took", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages,
			Shows: "returned: given back to the publisher, which keeps them. dropped: lost by a publisher that does not ask for them back, which the shop's never do.",
			Bad:   "returned above 0: a queue or binding is missing. dropped above 0: a stranger publishes.",
			Then:  "Restart any service: it declares the whole topology.",
			Queries: []Query{
				{Expr: rate("rabbitmq_global_messages_unroutable_returned_total"), Legend: "returned"},
				{Expr: rate("rabbitmq_global_messages_unroutable_dropped_total"), Legend: "dropped"},
			},
			Paint: []Paint{{"returned", grave}, {"dropped", bad}}, Runbooks: []string{"OutboxStalled"},
		},
		{
			Title: "Messages through the broker", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages,
			Shows: "All that it received, delivered and had acknowledged, the ladder's moves included.",
			Bad:   "received far above what order publishes: the ladder turns, or a stranger publishes.",
			Then:  "For another try, or given up, above.",
			Queries: []Query{
				{Expr: rate("rabbitmq_global_messages_received_total"), Legend: "received"},
				{Expr: rate("rabbitmq_global_messages_delivered_total"), Legend: "delivered"},
				{Expr: rate("rabbitmq_global_messages_acknowledged_total"), Legend: "acknowledged"},
			},
			Paint: []Paint{{"received", calm}, {"delivered", atCallerSidecar}, {"acknowledged", good}}, Runbooks: []string{"QueueBacklog"},
		},
	}
}
