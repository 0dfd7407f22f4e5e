package dashboard

import "shop/observability/grafana"

func saturation() []Panel {
	trace := []grafana.DataLink{slow(label("service"), "50ms")}
	const statements = "db_client_operation_duration_seconds"
	return []Panel{
		{
			Title: "Requests in flight", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "Requests that each service is working on.",
			Bad:   "Near 256 (the line) a service refuses what is beyond with 503.",
			Then:  "What are they waiting for? The slowest traces, then connections to the database beside this.",
			Queries: []Query{
				{Expr: "sum by (service) (http_server_active_requests)", Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(256, bad)), Lines: true, Links: trace,
		},
		{
			Title: "Database connections in use", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: ratio,
			Shows: "The part of each service's pool that is in use.",
			Bad:   "At 100 % requests wait for a connection (the next panel).",
			Then:  "Slow statements or too many requests? Compare with the statements' time; see the runbook before making a pool larger.",
			Queries: []Query{
				{Expr: `sum by (service) (db_pool_connections{state="used"}) / sum by (service) (db_pool_connections{state="max"})`, Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(0.8, grave), at(1, bad)), Lines: true, Max: limit(1), Links: trace, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Requests waiting for a connection", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "How many requests wait for a database connection on average (seconds waited in each second).",
			Bad:   "Above 1 for longer than a burst.",
			Then:  "The pool is too small for the load, or statements are slow: the panel to the right.",
			Queries: []Query{
				{Expr: rate("db_pool_wait_seconds_total", "service"), Legend: "{{service}}"},
			},
			Steps: upFrom(good, at(1, grave)), Lines: true, Links: trace,
		},
		{
			Title: "Statements take (p95)", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: seconds,
			Shows: "Time that 95 % of a service's SQL statements stay below, waiting for a connection included.",
			Bad:   "Above 50 ms in product or order: their goals can't be kept.",
			Then:  "Click a dot for a trace; its SQL spans name table and operation. Then PostgreSQL's own connections below.",
			Queries: []Query{
				{Expr: quantile("0.95", statements+"_bucket", "service"), Legend: "{{service}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true, Links: trace, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Failed statements", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: calls,
			Shows: "SQL statements that ended in an error, by service and kind.",
			Bad:   "unavailable or timeout: the database is away or hangs; its service answers 503. conflict in small numbers is daily life.",
			Then:  "The runbook. Services reconnect by themselves when the database is back.",
			Queries: []Query{
				{
					Expr:   rate(statements+`_count{error_type!=""}`, "service", "error_type") + " > 0",
					Legend: "{{service}} {{error_type}}", Quiet: "no statement fails",
				},
			},
			Paint:    []Paint{{".* (unavailable|timeout|internal)", bad}, {".*", theirs}},
			Links:    []grafana.DataLink{tagged("failed statements", label("service"), "error.type", label("error_type"))},
			Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "PostgreSQL connections", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: number,
			Shows: "Connections that PostgreSQL has open, by database.",
			Bad:   "All together near its max_connections: new ones are refused. A gap: PostgreSQL is down, or its exporter.",
			Then:  "More replicas need more connections: lower the pools' limits or raise max_connections.",
			Queries: []Query{
				{Expr: `sum by (datname) (pg_stat_activity_count{datname=~".+_db"})`, Legend: "{{datname}}"},
			},
			Stacked: true, Runbooks: []string{"DatabaseUnavailable", "TargetDown"},
		},
		{
			Title: "Memory", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: bytes,
			Shows: "Resident memory of each service.",
			Bad:   "A line that only climbs for hours: a leak. Its end is a restart (blue mark).",
			Then:  "A heap profile from the admin port: go tool pprof http://HOST:ADMIN_PORT/debug/pprof/heap.",
			Queries: []Query{
				{Expr: `sum by (service) (process_resident_memory_bytes{job="shop"})`, Legend: "{{service}}"},
			},
		},
		{
			Title: "Processors", Kind: grafana.TimeSeries, W: 6, H: 7, Unit: cores,
			Shows: "Processor time that each service uses, in cores.",
			Bad:   "At the container's limit, or all together at the machine's cores: everything waits.",
			Then:  "user: Logins and refusals (hashing). Others: a CPU profile from the admin port, go tool pprof http://HOST:ADMIN_PORT/debug/pprof/profile.",
			Queries: []Query{
				{Expr: rate(`process_cpu_seconds_total{job="shop"}`, "service"), Legend: "{{service}}"},
			},
		},
	}
}
