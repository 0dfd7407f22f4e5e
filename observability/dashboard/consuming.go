package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

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
