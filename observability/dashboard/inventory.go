package dashboard

import "shop/observability/grafana"

func inventory() []Panel {
	return []Panel{
		{
			Title: "Can Prometheus read every target?", Kind: grafana.StateTimeline, W: 12, H: 11, Unit: plain,
			Shows: "Each target over time, by job and service: green was read, red was not.",
			Bad:   "Red; or a row that ends, which means that the target is not even known any more.",
			Then:  "Is the process there? Its log says why it went. Only its metrics away: the admin port or the network between.",
			Queries: []Query{
				{Expr: "min by (job, service) (up)", Legend: "{{job}} {{service}}"},
			},
			Steps: oneIsGood(), Words: []Word{{"0", "down", bad}, {"1", "up", good}},
			Runbooks: []string{"TargetDown"},
		},
		{
			Title: "What runs, and since when", Kind: grafana.Table, W: 12, H: 6, Unit: seconds,
			Shows: "Version and revision of each process, and how long it has run.",
			Bad:   "Two versions of one service outside a release; an age that is always small: it keeps restarting.",
			Then:  "Restarting: the log's last lines before each start, Memory and Processors above.",
			Queries: []Query{
				{
					Expr:   `(time() - process_start_time_seconds{job="shop"}) * on (job, instance) group_left (version, revision, go_version) shop_build_info`,
					Legend: "runs for",
				},
			},
			Columns: []Column{
				{Field: "service", Title: "service", Links: []grafana.DataLink{failed(cell("service"))}},
				{Field: "instance", Title: "instance"},
				{Field: "version", Title: "version"},
				{Field: "revision", Title: "revision"},
				{Field: "go_version", Title: "Go"},
				{Field: "runs for", Title: "runs for", Unit: seconds, Steps: upFrom(theirs, at(300, good))},
			},
			SortBy: "service", Rising: true,
		},
		{
			Title: "Do traces arrive?", Kind: grafana.TimeSeries, W: 12, H: 5, Unit: events,
			Shows: "Spans per second: taken in by Jaeger, refused, and lost on the way to its storage. Stored is less than taken in: ordinary traces are thinned out to 10 %.",
			Bad:   "Refused or lost above 0: Jaeger is short of memory or its disk is full. Nothing taken in while requests are served: the services can't reach it. They go on without.",
			Then:  "Jaeger's log and disk. The shop itself does not need it.",
			Queries: []Query{
				{Expr: rate(`otelcol_receiver_accepted_spans_total{job="jaeger"}`), Legend: "taken in"},
				{Expr: rate(`otelcol_exporter_sent_spans_total{job="jaeger", exporter="jaeger_storage_exporter"}`), Legend: "stored"},
				{Expr: rate(`otelcol_receiver_refused_spans_total{job="jaeger"}`), Legend: "refused"},
				{Expr: rate(`otelcol_exporter_send_failed_spans_total{job="jaeger"}`), Legend: "lost"},
			},
			Paint: []Paint{{"taken in", calm}, {"stored", good}, {"refused|lost", bad}}, Runbooks: []string{"SpansRefused", "TargetDown"},
		},
	}
}
