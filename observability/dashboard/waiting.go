package dashboard

import "shop/observability/grafana"

func waiting() []Panel {
	return []Panel{
		{
			Title: "1. In the outbox of order", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: number,
			Shows: "Events that the broker has not confirmed.",
			Bad:   "It grows: the relay is held, or the broker is away, blocked, or has no queue for them (returned).",
			Then:  "The row on publishing.",
			Queries: []Query{
				{Expr: "max by (service) (order_outbox_pending)", Legend: "{{service}}"},
			},
			Paint: []Paint{{"order", grave}}, Links: []grafana.DataLink{tagged("publishing", "order", "messaging.operation.type", "send")},
			Runbooks: []string{"OutboxStalled"},
		},
		{
			Title: "2. In the queues", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: number,
			Shows: "Messages of each queue: ready waits for a consumer, taken is with one that has not finished.",
			Bad:   "ready grows: no consumer, or slow ones. taken stays at the prefetch of 100: the consumer hangs.",
			Then:  "The row on consuming.",
			Queries: []Query{
				{Expr: "max by (queue) (rabbitmq_detailed_queue_messages_ready{" + work + "})", Legend: "{{queue}} ready"},
				{Expr: "max by (queue) (rabbitmq_detailed_queue_messages_unacked{" + work + "})", Legend: "{{queue}} taken"},
			},
			Paint:    []Paint{{".* ready", grave}, {".* taken", calm}},
			Links:    []grafana.DataLink{process("notification"), process("product")},
			Runbooks: []string{"QueueBacklog", "QueueNotConsumed"},
		},
		{
			Title: "3. For another try, or given up", Kind: grafana.TimeSeries, W: 8, H: 6, Unit: number,
			Shows: "Messages whose handling failed: on the ladder of 1 s, 5 s and 25 s, then among the dead letters.",
			Bad:   "The ladder is never empty: one kind of message fails again and again. Dead letters: they wait for you.",
			Then:  "The traces of failed handling; shop dlq list.",
			Queries: []Query{
				{Expr: "sum by (queue) (rabbitmq_detailed_queue_messages{" + ladder + "})", Legend: "{{queue}}"},
				{Expr: "sum by (queue) (rabbitmq_detailed_queue_messages{" + dead + "})", Legend: "{{queue}}"},
			},
			Paint: []Paint{{".*[.]retry[.].*", theirs}, {".*[.]dead", bad}}, Stacked: true,
			Links: []grafana.DataLink{failed("notification"), failed("product")}, Runbooks: []string{"DeadLetterQueueNotEmpty"},
		},
	}
}

func publishing() []Panel {
	return []Panel{
		{
			Title: "Events handed to the broker, by outcome", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages, Stacked: true,
			Shows: "confirmed is the only good end; everything else stays in the outbox and is tried again.",
			Bad:   "returned: no queue took it (a queue was deleted). nacked: the broker refused (full). timeout and error: not reached.",
			Then:  "returned: restart any service, it declares all queues. nacked: the broker's own row.",
			Queries: []Query{
				{Expr: rate("order_events_published_total", "outcome"), Legend: "{{outcome}}"},
			},
			Paint: []Paint{{"confirmed", good}, {"returned|nacked|timeout|error", bad}},
			Links: []grafana.DataLink{failed("order")}, Runbooks: []string{"OutboxStalled", "BrokerBlocked"},
		},
		{
			Title: "Until the broker confirms", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time from handing an event over until its confirm. Dots lead to traces.",
			Bad:   "p99 above 1 s: the broker's disk is slow, or a replica of its quorum queues is away.",
			Then:  "The broker's own row.",
			Queries: []Query{
				{Expr: quantile("0.5", `order_event_publish_duration_seconds_bucket{outcome="confirmed"}`), Legend: "p50", Exemplars: true},
				{Expr: quantile("0.99", `order_event_publish_duration_seconds_bucket{outcome="confirmed"}`), Legend: "p99", Exemplars: true},
			},
			Steps: upFrom(good, at(1, grave)), Lines: true, Paint: []Paint{{"p50", good}, {"p99", theirs}},
			Links: []grafana.DataLink{tagged("publishing", "order", "messaging.operation.type", "send")}, Runbooks: []string{"OutboxStalled"},
		},
		{
			Title: "Trouble on the way", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages,
			Shows: "Publishes that had failed before, and connections to the broker that were made again.",
			Bad:   "Reconnects that don't end: password, limits, or a broker that restarts.",
			Then:  "The services' logs name the reason of each lost connection.",
			Queries: []Query{
				{Expr: rate("order_event_publish_retries_total"), Legend: "published again"},
				{Expr: "sum by (service) (rate(" + perService("broker_reconnects_total") + "[" + Interval + "]))", Legend: "{{service}} reconnects"},
			},
			Links: []grafana.DataLink{failed("order")}, Runbooks: []string{"BrokerDisconnected"},
		},
	}
}
