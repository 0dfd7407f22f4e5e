package dashboard

import "shop/observability/grafana"

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
