package dashboard

import "shop/observability/grafana"

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
			Steps: nonzero(bad), Runbooks: []string{"DeadLetterQueueNotEmpty"},
		},
		{
			Title: "Is the broker seen?", Kind: grafana.Stat, W: 5, H: 3, Unit: plain,
			Shows: "Whether each service reaches RabbitMQ.",
			Bad:   "away. One service: its network or password. All: the broker. Orders go on, events wait in the outbox.",
			Then:  "The runbook; services connect again by themselves.",
			Queries: []Query{
				{Expr: "min by (service) (" + perService("broker_connected") + ")", Legend: "{{service}}"},
			},
			Steps: oneIsGood(), Words: []Word{{"0", "away", bad}, {"1", "seen", good}}, Runbooks: []string{"BrokerDisconnected"},
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
