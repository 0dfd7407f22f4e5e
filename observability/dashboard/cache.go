package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

const lookups = "product_cache_requests_total"

func cache() Board {
	return Board{
		UID: "shop-cache", Title: "Cache",
		About: "Whether the cache of products spares the database, whether Redis is well, and that nobody notices when it is not: without it every read goes to the database.",
		Questions: []Question{
			{Ask: "Does the cache do its work?", Panels: append(cacheFigures(), cacheWork()...)},
			{Ask: "Is Redis slow or failing?", Panels: redisSeen()},
			{Ask: "Does the database feel it, and do clients?", Closed: true, Panels: cacheBehind()},
			{Ask: "Do changes reach it, and does a stampede show?", Closed: true, Panels: cacheChanges()},
			{Ask: "Is Redis itself short of something?", Closed: true, Panels: redisItself()},
		},
	}
}

func cacheFigures() []Panel {
	return []Panel{
		{
			Title: "Hit ratio, 5 minutes", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio, Spark: true,
			Shows: "The part of the lookups that Redis answered, failures left out.",
			Bad:   "Below 50 % with traffic. After a start or a restart of Redis it climbs within minutes: that is no incident.",
			Then:  "Lookups by result: misses or invalidations? Keys spread over more products than fit (evictions)?",
			Queries: []Query{
				{Expr: "product_cache:hit_ratio:rate5m", Legend: "{{cache}}"},
			},
			Steps: upFrom(bad, at(0.5, theirs), at(0.8, good)), Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Reads spared", Kind: grafana.Stat, W: 5, H: 3, Unit: requests, Spark: true,
			Shows: "Reads per second that the database did not have to answer: hits, and misses that waited for another's load.",
			Bad:   "0 with traffic.",
			Then:  "CACHE_ENABLED, then Redis below.",
			Queries: []Query{
				{Expr: rate(lookups+`{result="hit"}`) + " + " + rate("product_cache_fill_shared_total"), Legend: "spared"},
			},
		},
		{
			Title: "A look into Redis takes (p95)", Kind: grafana.Stat, W: 5, H: 3, Unit: seconds, Spark: true,
			Shows: "Time that 95 % of the reads from Redis stay below.",
			Bad:   "Above 5 ms it costs more than it spares.",
			Then:  "Redis' own row; the network between.",
			Queries: []Query{
				{Expr: quantile("0.95", `product_cache_operation_duration_seconds_bucket{op="get"}`), Legend: "get"},
			},
			Steps: upFrom(good, at(0.005, grave), at(0.05, bad)), Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Lookups without the cache", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio, Spark: true,
			Shows: "The part of the lookups that failed or passed the cache by, because it may be old or its breaker is open.",
			Bad:   "Above 10 %: Redis is away. Clients get right answers, the database does all the work.",
			Then:  "The runbook. The cache is used again by itself when Redis is back.",
			Queries: []Query{
				{Expr: fails(Interval, lookups, "", `result=~"error|bypass"`), Legend: "without"},
			},
			Steps: upFrom(good, at(0.01, theirs), at(0.1, bad)), Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Redis", Kind: grafana.Stat, W: 4, H: 3, Unit: plain,
			Shows: "Whether Redis answers its exporter.",
			Bad:   "down.",
			Then:  "Its log; is it being restarted, out of memory, out of disk?",
			Queries: []Query{
				{Expr: "min(redis_up)", Legend: "redis"},
			},
			Steps: must1(), Words: []Word{{"0", "down", bad}, {"1", "up", good}}, Runbooks: []string{"TargetDown", "CacheUnavailable"},
		},
	}
}

func cacheWork() []Panel {
	asked := []grafana.DataLink{traces("Traces: reads of a product", url.Values{"service": {"product"}, "operation": {"GET /products/{id}"}})}
	return []Panel{
		{
			Title: "Lookups by result", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: requests, Stacked: true,
			Shows: "hit: answered by Redis, also with \"there is none\". miss: the database was asked. error: Redis failed. bypass: it was not asked.",
			Bad:   "Red (error) and orange (bypass): Redis is away. Yellow (miss) grows at the same traffic: something throws entries out.",
			Then:  "Errors: the next row. Misses: changes and evictions below.",
			Queries: []Query{
				{Expr: rate(lookups, "result"), Legend: "{{result}}"},
			},
			Paint: []Paint{{"hit", good}, {"miss", theirs}, {"bypass", grave}, {"error", bad}},
			Links: asked, Runbooks: []string{"CacheUnavailable", "CacheHitRatioLow"},
		},
		{
			Title: "Hit ratio", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: ratio,
			Shows: "The part of the lookups that Redis answered, of 5 minutes and of this moment.",
			Bad:   "Below 50 % (the line) for 10 minutes at more than one lookup a second.",
			Then:  "A step down at a blue mark: a release changed what is cached or how. A slope: more products than memory.",
			Queries: []Query{
				{Expr: "product_cache:hit_ratio:rate5m", Legend: "{{cache}}, 5 minutes"},
				{Expr: share(rate(lookups+`{result="hit"}`, "cache"), rate(lookups+`{result=~"hit|miss"}`, "cache")), Legend: "{{cache}}, now"},
			},
			Steps: upFrom(bad, at(0.5, good)), Lines: true, Max: limit(1), Links: asked, Runbooks: []string{"CacheHitRatioLow"},
		},
	}
}

func redisSeen() []Panel {
	return []Panel{
		{
			Title: "Operations take (p95), as product sees it", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: seconds, Log: true,
			Shows: "get: a look-up; set: a value stored; del: a tombstone after a change.",
			Bad:   "A get above 5 ms (the line); all at REDIS_TIMEOUT: Redis hangs, and soon the breaker opens.",
			Then:  "Redis' own row: memory, clients, a slow command. Hanging: restart it, nothing is lost but warmth.",
			Queries: []Query{
				{Expr: quantile("0.95", "product_cache_operation_duration_seconds_bucket", "op") + " > 0", Legend: "{{op}}"},
			},
			Steps: upFrom(good, at(0.005, bad)), Lines: true,
			Links: []grafana.DataLink{slow("product", "50ms")}, Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Lookups that Redis did not answer", Kind: grafana.TimeSeries, W: 12, H: 6, Unit: requests,
			Shows: "error: Redis failed or took too long. bypass: not asked, because the breaker is open or an invalidation could not be written yet.",
			Bad:   "Anything that stays. Some errors, then only bypass, is the breaker at work: Redis is away.",
			Then:  "The runbook. bypass that stays after Redis is back: invalidations that wait in product's database; its log says why.",
			Queries: []Query{
				{Expr: rate(lookups+`{result=~"error|bypass"}`, "result"), Legend: "{{result}}"},
			},
			Paint: []Paint{{"bypass", grave}, {"error", bad}},
			Links: []grafana.DataLink{failed("product")}, Runbooks: []string{"CacheUnavailable"},
		},
	}
}

func cacheBehind() []Panel {
	const selects = `{service="product", db_operation_name="SELECT", db_collection_name="products"}`
	return []Panel{
		{
			Title: "Reads of products by the database", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: calls, Stacked: true,
			Shows: "Statements that read products, beside what the cache spared: together what the database would do without a cache.",
			Bad:   "Reads rise to the height of both: the cache does nothing.",
			Then:  "Lookups by result, above. Lists are not cached and always read.",
			Queries: []Query{
				{Expr: rate("db_client_operation_duration_seconds_count" + selects), Legend: "read"},
				{Expr: rate(lookups + `{result="hit"}`), Legend: "spared"},
			},
			Paint: []Paint{{"read", theirs}, {"spared", good}}, Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Reads of products take (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time of product's SELECTs on products. Dots lead to traces.",
			Bad:   "It climbs with the reads beside it: the database can't carry the traffic without the cache.",
			Then:  "Bring Redis back first; then Overview for connections in use.",
			Queries: []Query{
				{Expr: quantile("0.95", "db_client_operation_duration_seconds_bucket"+selects), Legend: "p95", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true,
			Links: []grafana.DataLink{to("shop-overview", "Overview and SLO"), slow("product", "50ms")}, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Clients wait for a product (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "GET /products/{id} and the list, as product answers them. Dots lead to traces.",
			Bad:   "Above 50 ms (the line): the promise of product reads.",
			Then:  "Click a dot: cache.hit or cache.miss is an event of its span.",
			Queries: []Query{
				{Expr: quantile("0.95", served+`_bucket{service="product", http_request_method="GET", http_route=~"/products.*"}`, "http_route"), Legend: "{{http_route}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true,
			Links: []grafana.DataLink{slow("product", "50ms")}, Runbooks: []string{"ProductReadsLatencyBurn"},
		},
	}
}

func cacheChanges() []Panel {
	return []Panel{
		{
			Title: "Invalidations by reason", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: events, Stacked: true,
			Shows: "Entries that a change made old: every reservation and release of stock changes its product too.",
			Bad:   "As many as lookups: products change faster than they are read, and caching them is of little use.",
			Then:  "Which reason? reserve and release follow orders; update in waves is an import.",
			Queries: []Query{
				{Expr: rate("product_cache_invalidations_total", "reason"), Legend: "{{reason}}"},
			},
			Links: []grafana.DataLink{traces("Traces of product", url.Values{"service": {"product"}})}, Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Loads shared in a rush", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: requests,
			Shows: "Misses, and how many of them waited for another's load of the same product instead of asking the database too.",
			Bad:   "shared high: a stampede on few products, which the cache is holding off. Misses alone high: many different products.",
			Then:  "Nothing while reads stay in time: this is the protection working.",
			Queries: []Query{
				{Expr: rate(lookups + `{result="miss"}`), Legend: "misses"},
				{Expr: rate("product_cache_fill_shared_total"), Legend: "shared"},
			},
			Paint: []Paint{{"misses", theirs}, {"shared", good}}, Runbooks: []string{"CacheHitRatioLow"},
		},
	}
}

func redisItself() []Panel {
	return []Panel{
		{
			Title: "Memory", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: bytes,
			Shows: "What Redis uses, and its limit where it has one (0 = none).",
			Bad:   "At the limit, with evictions beside it.",
			Then:  "Fewer or shorter entries (CACHE_TTL), or more memory.",
			Queries: []Query{
				{Expr: "sum(redis_memory_used_bytes)", Legend: "used"},
				{Expr: "sum(redis_memory_max_bytes)", Legend: "limit"},
			},
			Paint: []Paint{{"used", calm}, {"limit", bad}}, Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Entries leave", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: events,
			Shows: "Keys that ended by their time, and keys that were thrown out for want of memory.",
			Bad:   "evicted above 0: the cache is too small for what is read.",
			Then:  "Memory, to the left.",
			Queries: []Query{
				{Expr: rate("redis_expired_keys_total"), Legend: "expired"},
				{Expr: rate("redis_evicted_keys_total"), Legend: "evicted"},
			},
			Paint: []Paint{{"expired", calm}, {"evicted", bad}}, Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Clients", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: number,
			Shows: "Connections that Redis has, and those that it refused in the last 5 minutes.",
			Bad:   "refused above 0; connected climbing without an end.",
			Then:  "maxclients of Redis; who else uses it?",
			Queries: []Query{
				{Expr: "sum(redis_connected_clients)", Legend: "connected"},
				{Expr: "sum(increase(redis_rejected_connections_total[5m]))", Legend: "refused"},
			},
			Paint: []Paint{{"connected", calm}, {"refused", bad}}, Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Product's connections in use", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: ratio,
			Shows: "The part of product's pool of connections to Redis that is in use.",
			Bad:   "At 100 %: look-ups wait, then pass the cache by.",
			Then:  "Slow operations (above) or too much traffic for one replica.",
			Queries: []Query{
				{Expr: `sum(product_cache_pool_connections{state="used"}) / sum(product_cache_pool_connections{state="max"})`, Legend: "in use"},
			},
			Steps: upFrom(good, at(0.8, grave), at(1, bad)), Lines: true, Max: limit(1), Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Waiting for a connection", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: events,
			Shows: "How often product waited for a connection to Redis, and how often none came free in time.",
			Bad:   "gave up above 0.",
			Then:  "As to the left.",
			Queries: []Query{
				{Expr: rate("product_cache_pool_waits_total"), Legend: "waited"},
				{Expr: rate("product_cache_pool_timeouts_total"), Legend: "gave up"},
			},
			Paint: []Paint{{"waited", theirs}, {"gave up", bad}}, Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Commands that Redis runs", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: calls,
			Shows: "Commands per second by name.",
			Bad:   "Commands that the shop doesn't send (get, eval and the like are its own): somebody else uses this Redis. KEYS stops everybody.",
			Then:  "CLIENT LIST shows who.",
			Queries: []Query{
				{Expr: rate("redis_commands_total", "cmd") + " > 0", Legend: "{{cmd}}"},
			},
			Stacked: true, Runbooks: []string{"CacheUnavailable"},
		},
	}
}
