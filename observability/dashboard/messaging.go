package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

const (
	work   = `queue=~"order_notifications|product_stock"` // What consumers take from.
	ladder = `queue=~".+[.]retry[.].+"`                   // Messages wait here for their next try.
	dead   = `queue=~".+[.]dead"`                         // Given up; operators list and replay.
)

// perService is a metric that each service names after itself.
func perService(name string) string {
	return `{__name__=~"(order|product|notification)_` + name + `"}`
}

func messaging() Board {
	return Board{
		UID: "shop-messaging", Title: "Messaging",
		About: "The way of an event: outbox, broker, queue, consumer, channel, buyer. Nothing is lost on it; here is seen where it waits.",
		Questions: []Question{
			{Ask: "Do events flow, and are buyers told in time?", Panels: append(flowFigures(), flow()...)},
			{Ask: "Where do events wait?", Panels: waiting()},
			{Ask: "Does publishing work?", Closed: true, Panels: publishing()},
			{Ask: "Does consuming work?", Closed: true, Panels: consuming()},
			{Ask: "Are buyers really told, and by which channel not?", Closed: true, Panels: delivering()},
			{Ask: "Is the broker itself well?", Closed: true, Panels: broker()},
		},
	}
}

func flowFigures() []Panel {
	return []Panel{
		{
			Title: "Told within 5 s, last hour", Kind: grafana.Stat, W: 4, H: 3, Unit: ratio, Places: 3,
			Shows: "The part of new orders whose buyers were told within 5 s. Promised are 99.9 %.",
			Bad:   "Orange: the budget burns. Red: 14 times as fast as it may. Buyers who were not told at all are not in it: the figures beside are.",
			Then:  "Where do events wait? The second row goes along their way.",
			Queries: []Query{
				{Expr: "1 - slo:order_notified:error_ratio:rate1h", Legend: "told"},
			},
			Steps: kept(0.999), Runbooks: []string{"OrderNotifiedBurn"},
		},
		{
			Title: "Oldest event in the outbox", Kind: grafana.Stat, W: 4, H: 3, Unit: seconds, Spark: true,
			Shows: "Age of the oldest event that the broker has not confirmed.",
			Bad:   "Above 5 s buyers hear late; above 60 s somebody is called.",
			Then:  "Broker seen? Blocked? Held by an operator? Else the row on publishing.",
			Queries: []Query{
				{Expr: "max(order_outbox_oldest_age_seconds)", Legend: "age"},
			},
			Steps: upFrom(good, at(5, grave), at(60, bad)), Runbooks: []string{"OutboxStalled"},
		},
		{
			Title: "Messages in queues", Kind: grafana.Stat, W: 4, H: 3, Unit: number, Spark: true,
			Shows: "Messages that wait for a consumer or are being handled.",
			Bad:   "It grows for minutes; above 1,000 it is a ticket.",
			Then:  "The row on consuming: are there consumers, are they slow, do they fail?",
			Queries: []Query{
				{Expr: "sum(rabbitmq_detailed_queue_messages{" + work + "})", Legend: "messages"},
			},
			Steps: upFrom(good, at(100, theirs), at(1000, grave)), Runbooks: []string{"QueueBacklog", "QueueNotConsumed"},
		},
		{
			Title: "Dead letters", Kind: grafana.Stat, W: 4, H: 3, Unit: number,
			Shows: "Messages that were given up after all tries.",
			Bad:   "Any: a buyer was not told, or stock was not given back, until somebody decides.",
			Then:  "shop dlq list shows reason and trace; mend the cause, then shop dlq replay.",
			Queries: []Query{
				{Expr: "sum(rabbitmq_detailed_queue_messages{" + dead + "})", Legend: "dead"},
			},
			Steps: any0(bad), Runbooks: []string{"DeadLetterQueueNotEmpty"},
		},
		{
			Title: "Is the broker seen?", Kind: grafana.Stat, W: 5, H: 3, Unit: plain,
			Shows: "Whether each service reaches RabbitMQ.",
			Bad:   "away. One service: its network or password. All: the broker. Orders go on, events wait in the outbox.",
			Then:  "The runbook; services connect again by themselves.",
			Queries: []Query{
				{Expr: "min by (service) (" + perService("broker_connected") + ")", Legend: "{{service}}"},
			},
			Steps: must1(), Words: []Word{{"0", "away", bad}, {"1", "seen", good}}, Runbooks: []string{"BrokerDisconnected"},
		},
		{
			Title: "Held back", Kind: grafana.Stat, W: 3, H: 3, Unit: plain,
			Shows: "Whether anything keeps order from publishing: the broker blocks it, or an operator holds the relay.",
			Bad:   "held: events pile up on purpose. blocked: the broker is short of memory or disk.",
			Then:  "Held: shop relay release when the work is done. Blocked: the broker's own row.",
			Queries: []Query{
				{Expr: "max(order_outbox_held) + 2 * max(order_broker_blocked)", Legend: "publishing"},
			},
			Steps:    upFrom(good, at(1, grave), at(2, bad)),
			Words:    []Word{{"0", "no", good}, {"1", "held", grave}, {"2", "blocked", bad}, {"3", "both", bad}},
			Runbooks: []string{"BrokerBlocked", "OutboxStalled"},
		},
	}
}

// process leads to how a service handled events.
func process(service string) grafana.DataLink {
	return tagged("events handled by "+service, service, "messaging.operation.type", "process")
}

func flow() []Panel {
	return []Panel{
		{
			Title: "Published and handled", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: messages,
			Shows: "Events that the broker confirmed, and events that each consumer finished.",
			Bad:   "Lines that part: published above handled fills queues. Published at 0 while orders are placed fills the outbox.",
			Then:  "The panels below show where it piles up.",
			Queries: []Query{
				{Expr: rate(`order_events_published_total{outcome="confirmed"}`), Legend: "published by order"},
				{Expr: rate(`notification_messages_total{outcome=~"acked|duplicate"}`), Legend: "handled by notification"},
				{Expr: rate(`product_messages_total{outcome=~"acked|duplicate"}`), Legend: "handled by product"},
			},
			Links:    []grafana.DataLink{process("notification"), process("product"), to("shop-overview", "Overview and SLO")},
			Runbooks: []string{"OutboxStalled", "QueueNotConsumed"},
		},
		{
			Title: "From a new order to its buyer", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: seconds, Log: true,
			Shows: "Time from the order until the buyer was told, by channel's success: half, 95 % and 99 % are faster than the lines say.",
			Bad:   "p99 above 5 s (the line).",
			Then:  "Compare with where events wait; a slow channel shows in the row on buyers.",
			Queries: []Query{
				{Expr: quantile("0.5", `notification_end_to_end_seconds_bucket{event_type="order.created"}`), Legend: "p50"},
				{Expr: quantile("0.95", `notification_end_to_end_seconds_bucket{event_type="order.created"}`), Legend: "p95"},
				{Expr: quantile("0.99", `notification_end_to_end_seconds_bucket{event_type="order.created"}`), Legend: "p99"},
			},
			Steps: upFrom(good, at(5, bad)), Lines: true,
			Paint: []Paint{{"p50", good}, {"p95", theirs}, {"p99", grave}},
			Links: []grafana.DataLink{process("notification")}, Runbooks: []string{"OrderNotifiedBurn"},
		},
	}
}

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

func consuming() []Panel {
	const handled = `{__name__=~"(product|notification)_messages_total"}`
	const took = `{__name__=~"(product|notification)_process_duration_seconds_bucket"}`
	return []Panel{
		{
			Title: "Deliveries by outcome", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages,
			Shows: "acked: done. duplicate: had been done before, nothing happened twice. retried: failed, or something that it needs is away. dead_lettered and invalid: given up.",
			Bad:   "retried that stays above acked; any red.",
			Then:  "Is user (for contacts) or the database away? Then it heals by itself. Else the failed traces.",
			Queries: []Query{
				{Expr: "sum by (service, outcome) (rate(" + handled + "[" + Interval + "]))", Legend: "{{service}} {{outcome}}"},
			},
			Paint: []Paint{{".* acked", good}, {".* duplicate", calm}, {".* retried", theirs}, {".* (dead_lettered|invalid)", bad}},
			Links: []grafana.DataLink{failed(label("service")), process(label("service"))}, Runbooks: []string{"DeadLetterQueueNotEmpty"},
		},
		{
			Title: "Handling an event takes (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time that each consumer needs for an event. Dots lead to traces.",
			Bad:   "Prefetch (100) divided by it is the most that a consumer can do in a second: compare with what is published.",
			Then:  "Click a dot: the contact from user, or a statement?",
			Queries: []Query{
				{Expr: "histogram_quantile(0.95, sum by (le, service) (rate(" + took + "[" + Interval + "]))) > 0", Legend: "{{service}}", Exemplars: true},
			},
			Links: []grafana.DataLink{process(label("service"))}, Runbooks: []string{"QueueBacklog"},
		},
		{
			Title: "Being handled, and who listens", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Events in each consumer's hands, and consumers of each queue.",
			Bad:   "A queue with 0 consumers. Events in hand at 100 that don't change: it hangs.",
			Then:  "Is the service up (Overview)? A consumer pauses while what it needs is away: its log says so.",
			Queries: []Query{
				{Expr: `max by (service) ({__name__=~"(product|notification)_in_flight"})`, Legend: "{{service}} in hand"},
				{Expr: "max by (queue) (rabbitmq_detailed_queue_consumers{" + work + "})", Legend: "{{queue}} consumers"},
			},
			Links: []grafana.DataLink{to("shop-overview", "Overview and SLO")}, Runbooks: []string{"QueueNotConsumed"},
		},
		{
			Title: "Age of an event when it is handled (p95)", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: seconds, Log: true,
			Shows: "From what happened until a consumer had handled it, by consumer and type.",
			Bad:   "One type alone: its handling fails and climbs the ladder. All: they wait before the queue.",
			Then:  "Where do events wait?, above.",
			Queries: []Query{
				{Expr: `histogram_quantile(0.95, sum by (le, service, event_type) (rate({__name__=~"(product|notification)_message_age_seconds_bucket"}[` + Interval + "]))) > 0", Legend: "{{service}} {{event_type}}", Exemplars: true},
			},
			Steps: upFrom(good, at(5, bad)), Lines: true, Links: []grafana.DataLink{process(label("service"))}, Runbooks: []string{"OrderNotifiedBurn"},
		},
		{
			Title: "Delivered again by the broker", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: messages,
			Shows: "Messages that the broker delivered a second time, because a consumer went away with them in hand.",
			Bad:   "Long after a restart: a consumer keeps losing its connection.",
			Then:  "Its log; nothing acts twice, the inbox knows what was done.",
			Queries: []Query{
				{Expr: rate("rabbitmq_global_messages_redelivered_total"), Legend: "again"},
			},
			Paint: []Paint{{"again", theirs}}, Runbooks: []string{"BrokerDisconnected"},
		},
	}
}

func delivering() []Panel {
	return []Panel{
		{
			Title: "Attempts by channel and outcome", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: messages,
			Shows: "sent: the receiver took it. retried: will be tried again. failed: given up. interrupted: this service stopped in the middle. lost: it took too long, another process took over.",
			Bad:   "retried above a fifth of a channel's attempts (NotificationDeliveriesFailing); failed at all; lost: a receiver may get it twice.",
			Then:  "One channel: its gateway. All: the network out.",
			Queries: []Query{
				{Expr: rate("notification_deliveries_total", "channel", "outcome") + " > 0", Legend: "{{channel}} {{outcome}}"},
			},
			Paint: []Paint{{".* sent", good}, {".* (retried|interrupted)", theirs}, {".* lost", grave}, {".* failed", bad}},
			Links: []grafana.DataLink{failed("notification")}, Runbooks: []string{"NotificationDeliveriesFailing"},
		},
		{
			Title: "Waiting to be sent", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Notifications that are not sent or given up yet, by channel.",
			Bad:   "A channel that grows: its gateway is away, tries get rarer.",
			Then:  "They are sent by themselves when it is back; what was given up is in GET /notifications with its reason.",
			Queries: []Query{
				{Expr: "max by (channel) (notification_pending)", Legend: "{{channel}}"},
			},
			Links: []grafana.DataLink{failed("notification")}, Runbooks: []string{"NotificationDeliveriesFailing"},
		},
		{
			Title: "From event to buyer, by type (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds, Log: true,
			Shows: "Time from what happened to an order until its buyer was told.",
			Bad:   "New orders above 5 s (the line).",
			Then:  "Where do events wait?, above.",
			Queries: []Query{
				{Expr: quantile("0.95", "notification_end_to_end_seconds_bucket", "event_type") + " > 0", Legend: "{{event_type}}"},
			},
			Steps: upFrom(good, at(5, bad)), Lines: true,
			Links: []grafana.DataLink{traces("Traces of notification", url.Values{"service": {"notification"}})}, Runbooks: []string{"OrderNotifiedBurn"},
		},
	}
}

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
			Steps: any0(bad), Words: []Word{{"0", "fine", good}, {"1", "alarm", bad}}, Runbooks: []string{"BrokerBlocked"},
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
